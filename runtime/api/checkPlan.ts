/**
 * What can be wrong with a plan as a whole, found before anything runs: one sentence with the operator and its line.
 */
import { encodeKey, KeyRefused } from '../state/keyEncoding.ts';
import { PipelineError, type SentencePart } from './pipelineError.ts';
import type { Leg, PlannedOperator } from './plan.ts';

/** Throws PipelineError for the first thing that is wrong. `name`: of the pipeline. */
export function checkPlan(name: string, planned: readonly PlannedOperator[]): void {
  checkStreams(name, planned);
  checkUids(planned);
  checkEnds(name, planned);
  checkInputs(planned);
  checkKeys(planned);
  checkSinkDirectories(planned);
}

/** An operator in a sentence: what it is called, and where it was written. */
export function nameOf(operator: PlannedOperator, word = 'Operator'): readonly SentencePart[] {
  const { options, defaultName, location } = operator;
  return [`${word} "${options.name ?? options.uid ?? defaultName}"`, location];
}

/** A stream can be carried out of its function, into that of another pipeline; its operators cannot. */
function checkStreams(name: string, planned: readonly PlannedOperator[]): void {
  const own = new Set(planned);
  for (const operator of planned) {
    const foreign = operator.inputs.flat().find((leg) => !own.has(leg.from));
    if (foreign === undefined) continue;
    const who = [
      ...nameOf(operator),
      ` of pipeline "${name}" takes the records of `,
      ...nameOf(foreign.from, 'operator'),
    ];
    throw new PipelineError(operator.location, ...who, ', which belongs to another pipeline.');
  }
}

function checkUids(planned: readonly PlannedOperator[]): void {
  const seen = new Map<string, PlannedOperator>();
  for (const operator of planned) {
    const { uid } = operator.options;
    if (uid === undefined) continue;
    if (uid.trim() === '' || uid.length > 200) {
      const problem = ' has a uid that is empty or longer than 200 characters: give it a short name.';
      throw new PipelineError(operator.location, ...nameOf(operator), problem);
    }
    const first = seen.get(uid);
    if (first !== undefined) {
      const who = [...nameOf(operator), ` has the uid "${uid}", which `, ...nameOf(first, 'operator')];
      throw new PipelineError(operator.location, ...who, ' already has: give each operator its own.');
    }
    seen.set(uid, operator);
  }
}

function checkEnds(name: string, planned: readonly PlannedOperator[]): void {
  if (planned.length === 0) {
    throw new PipelineError(
      null,
      `Pipeline "${name}" is empty: begin with env.fromSource and end with sinkTo.`,
    );
  }
  const feeding = new Set(planned.flatMap(({ inputs }) => inputs.flat().map((leg) => leg.from)));
  const loose = planned.find((operator) => operator.role !== 'sink' && !feeding.has(operator));
  if (loose !== undefined) {
    throw new PipelineError(loose.location, ...nameOf(loose), ' leads nowhere: end its stream with sinkTo.');
  }
}

/** Two sinks in one directory would count each other's parts as their own. */
function checkSinkDirectories(planned: readonly PlannedOperator[]): void {
  const seen = new Map<string, PlannedOperator>();
  for (const operator of planned) {
    if (operator.factory.role !== 'sink' || operator.factory.sink.directory === undefined) continue;
    const { path } = operator.factory.sink.directory;
    const key = plainPath(path);
    const first = seen.get(key);
    if (first !== undefined) {
      const who = [...nameOf(operator), ` writes into "${path}", and so does `, ...nameOf(first, 'operator')];
      throw new PipelineError(operator.location, ...who, ': give each sink its own directory.');
    }
    seen.set(key, operator);
  }
}

/** As far as it can be told from the text: `./out//x/` is `out/x`. */
function plainPath(path: string): string {
  const rooted = /^[\\/]/.test(path) ? '/' : '';
  const parts: string[] = [];
  for (const part of path.split(/[\\/]/)) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return rooted + parts.join('/');
}

/** Streams have operators behind them unless somebody made one by hand. */
function checkInputs(planned: readonly PlannedOperator[]): void {
  for (const operator of planned) {
    const missing = operator.role === 'source' ? -1 : operator.inputs.findIndex((legs) => legs.length === 0);
    if (missing < 0 && (operator.role === 'source' || operator.inputs.length > 0)) continue;
    throw new PipelineError(
      operator.location,
      ...nameOf(operator),
      ' has no input: it must follow a stream that begins with env.fromSource.',
    );
  }
}

/**
 * A key is known when a record is there, so what cannot be one is refused with the record at the latest. Where a source
 * can show a record now, and its records are keyed as they are, it is refused now.
 */
function checkKeys(planned: readonly PlannedOperator[]): void {
  for (const operator of planned) for (const leg of operator.inputs.flat()) checkKey(operator, leg);
}

function checkKey(operator: PlannedOperator, { from, keyOf, sideOutput }: Leg): void {
  if (keyOf === null || sideOutput !== null || from.factory.role !== 'source') return;
  const example = from.factory.source.example?.();
  if (example === undefined) return;
  let key: unknown;
  try {
    key = keyOf(example);
  } catch {
    // It may be right for the records that follow; when not, the job fails with the record and this line.
    return;
  }
  try {
    encodeKey(key as Parameters<typeof encodeKey>[0]);
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    const problem = ` has a key selector whose answer is no key: ${error.message}`;
    throw new PipelineError(operator.location, ...nameOf(operator), problem);
  }
}
