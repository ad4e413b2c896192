/** Where a file makes pipelines. */
import { expect, test } from 'vitest';
import { pipelinesIn } from '../../../extension/editor/pipelinesIn.ts';

const from = "import { pipeline } from 'sluice';\n";

test.each<[string, string, string[]]>([
  ['one', `${from}export default pipeline('a', () => {});`, ['a 1:15']],
  ['two', `${from}const a = pipeline("a", f);\n  pipeline(\`b\`, g);`, ['a 1:10', 'b 2:2']],
  ['with its name on the next line', `${from}export default pipeline(\n  'a',\n  f,\n);`, ['a 1:15']],
  ['with a type argument', `${from}pipeline<Flight>('a', f);`, ['a 1:0']],
  ['none in a file without Sluice', "import { pipeline } from 'node:stream';\npipeline('a', f);", []],
  ['none in a comment', `${from}// pipeline('a', f)\n/* pipeline('b', f) */`, []],
  ['a URL in a string is no comment', `${from}const u = 'https://x'; pipeline('a', f);`, ['a 1:23']],
  ['none in another word', `${from}mypipeline('a', f); pipelines('b', f);`, []],
  ['a quoted quote', `${from}pipeline('it\\'s', f);`, ["it\\'s 1:0"]],
  ['none without a name', `${from}pipeline(name, f);`, []],
])('%s', (_, text, sites) => {
  expect(pipelinesIn(text).map(({ name, line, column }) => `${name} ${line}:${column}`)).toEqual(sites);
});
