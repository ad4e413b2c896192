/** `node test/fakeEngine/main.ts stall 4100`: the dashboard in front of a scripted engine, in real time. */
import { startFakeServer } from './fakeServer.ts';
import { type ScenarioName, scenario, scenarioNames } from './scenarios.ts';

const [name = 'running', port = '0'] = process.argv.slice(2);
if (!scenarioNames.includes(name as ScenarioName)) {
  console.error(`No scenario ${name}. There are: ${scenarioNames.join(', ')}.`);
  process.exit(2);
}
const server = await startFakeServer(scenario(name as ScenarioName), Number(port));
server.realTime();
console.log(server.url);
