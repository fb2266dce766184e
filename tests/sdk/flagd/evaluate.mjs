// Evaluates flag files with flagd's own SDK.
//
// node evaluate.mjs <folder with node_modules> < input > output
// input:  { contexts: [...], jobs: [{ text, at?: epoch seconds, values?: true }] }
// output: [{ flags: { key: { names: [...], served: [index into names], values?: [...] } } }]
// A failed evaluation is served as "!<error code>". A file that the SDK's strict validation refuses ends the run.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const load = createRequire(`${process.argv[2]}/package.json`);
const { FlagdCore, MemoryStorage } = load('@openfeature/flagd-core');

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const loud = { ...silent, error: console.error, warn: console.error };
const clock = Date.now;
const { contexts, jobs } = JSON.parse(readFileSync(0, 'utf8'));

const answers = jobs.map(({ text, at, values }) => {
  const storage = new MemoryStorage(loud);
  storage.setConfigurations(text, true);
  const core = new FlagdCore(storage, silent);
  // flagd reads the clock itself and gives rules the second as $flagd.timestamp.
  Date.now = at === undefined || at === null ? clock : () => at * 1000;
  // Without a prototype a flag may have any name.
  const flags = Object.create(null);
  for (const key of storage.getFlags().keys()) {
    const names = [];
    const index = new Map();
    const served = [];
    const payloads = [];
    for (const context of contexts) {
      const answer = core.resolveObjectEvaluation(key, { code: 'default' }, context, silent);
      const name = answer.errorCode ? `!${answer.errorCode}` : answer.variant ?? `!${answer.reason}`;
      if (!index.has(name)) {
        index.set(name, names.length);
        names.push(name);
      }
      served.push(index.get(name));
      if (values) payloads.push(answer.value);
    }
    flags[key] = values ? { names, served, values: payloads } : { names, served };
  }
  Date.now = clock;
  return { flags };
});

process.stdout.write(JSON.stringify(answers));
