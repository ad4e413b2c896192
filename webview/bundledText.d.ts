/**
 * `import source from './layout/layoutWorker.ts?bundle'`: the file and all that it imports as one script in a string,
 * made by `scripts/build.ts`; what a worker is started from when no address may be.
 */
declare module '*?bundle' {
  const source: string;
  export default source;
}
