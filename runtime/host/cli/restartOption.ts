/**
 * `--restart`: one of Flink's four strategies with its settings in one word, `fixed-delay:attempts=3,delay=1s`. The names of
 * the settings are those of `env.restart` in a pipeline, and so are what is left out and what is refused.
 */
import { PipelineError } from '../../api/pipelineError.ts';
import { type RestartOptions, restartStrategy } from '../../api/settings.ts';
import type { RestartStrategy } from '../../graph/jobGraph.ts';

/** By strategy: those that are a number, and those that are a duration. */
const settings: Readonly<
  Record<string, { readonly numbers: readonly string[]; readonly durations: readonly string[] }>
> = {
  none: { numbers: [], durations: [] },
  'fixed-delay': { numbers: ['attempts'], durations: ['delay'] },
  'exponential-delay': {
    numbers: ['multiplier', 'jitter', 'attempts'],
    durations: ['initial', 'max', 'resetAfter'],
  },
  'failure-rate': { numbers: ['failures'], durations: ['interval', 'delay'] },
};

export type RestartParsed =
  | { readonly ok: true; readonly strategy: RestartStrategy }
  | { readonly ok: false; readonly message: string };

export function restartFrom(text: string): RestartParsed {
  const [strategy = '', ...rest] = text.split(':');
  const known = settings[strategy];
  if (known === undefined)
    return no(`There is no strategy ${strategy}; there are ${Object.keys(settings).join(', ')}.`);
  const options: Record<string, string | number> = { strategy };
  for (const part of rest.join(':').split(',')) {
    if (part === '') continue;
    const [name = '', value = ''] = part.split('=');
    if (known.numbers.includes(name)) options[name] = value === '' ? Number.NaN : Number(value);
    else if (known.durations.includes(name)) options[name] = value;
    else {
      const names = [...known.numbers, ...known.durations];
      return no(`${strategy} has no ${name}${names.length === 0 ? '' : `; it has ${names.join(', ')}`}.`);
    }
  }
  if (strategy === 'failure-rate' && (options.failures === undefined || options.interval === undefined))
    return no('failure-rate needs failures and interval, as in failure-rate:failures=3,interval=5min.');
  try {
    return { ok: true, strategy: restartStrategy(options as unknown as RestartOptions) };
  } catch (error) {
    if (error instanceof PipelineError) return no(error.message);
    throw error;
  }
}

function no(message: string): RestartParsed {
  return { ok: false, message };
}
