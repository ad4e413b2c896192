/**
 * Gives `package-lock.json` the entries that npm leaves out when the registry that it was made with does not have the
 * package for every platform: npm drops an optional package that it cannot find, and then `npm ci` refuses the lock
 * file, everywhere. Run it after `npm install <package>`; a test in test/house says when that was forgotten.
 *
 * An entry without a checksum is as good as the others for `npm ci`: it is only fetched on the platform it is for.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  packages: Record<string, LockEntry>;
}

export interface MissingEntry {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

export const lockFile = fileURLToPath(new URL('../package-lock.json', import.meta.url));

/** The optional packages that some entry asks for and that have none of their own. */
export function missingEntries({ packages }: Lock): MissingEntry[] {
  return Object.entries(packages).flatMap(([path, { dev = false, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(
        ([name]) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      )
      .map(([name, version]) => ({ name, version, dev })),
  );
}

function complete(lock: Lock): void {
  for (const { name, version, dev } of missingEntries(lock)) {
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(dev ? { dev } : {}),
      optional: true,
    } as LockEntry;
    console.log(`Added ${name}@${version}.`);
  }
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
}

/** Such packages are named after what they are for: `…-linux-x64-musl`, `…-win32-arm64-msvc`. */
function platformOf(name: string) {
  const [, os, cpu, rest = ''] =
    /-(android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(.*)$/.exec(name) ?? [];
  if (os === undefined || cpu === undefined)
    throw new Error(`${name} does not say which platform it is for.`);
  const libc = rest.includes('musl') ? ['musl'] : rest.includes('gnu') ? ['glibc'] : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc }), os: [os] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;
  complete(lock);
  writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
}
