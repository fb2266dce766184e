// Evaluates payloads with GrowthBook's own SDK.
//
// node evaluate.mjs <folder with node_modules> < input > output
// input:  { contexts: [...], jobs: [{ text, values?: true }] }
// output: [{ flags: { key: { names: [...], served: [index into names], values?: [...] } } }]
// What is served is the key of the variation for enrolled units, "force:<variant>" for forced ones and "off" for the
// default value. Whatever the SDK complains about ends the run.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const load = createRequire(`${process.argv[2]}/package.json`);
const { GrowthBook } = load('@growthbook/growthbook');

const complain = (...text) => {
  throw new Error(text.map(String).join(' '));
};
console.error = complain;
console.warn = complain;

const nameOf = (answer) => {
  switch (answer.source) {
    case 'experiment':
      return answer.experimentResult.key;
    case 'force':
      return `force:${answer.ruleId.split('/').at(-1)}`;
    case 'defaultValue':
      return 'off';
    default:
      return `!${answer.source}`;
  }
};

const { contexts, jobs } = JSON.parse(readFileSync(0, 'utf8'));
const answers = jobs.map(({ text, values }) => {
  const payload = JSON.parse(text);
  // Without a prototype a flag may have any name.
  const flags = Object.create(null);
  const keys = Object.keys(payload.features);
  for (const key of keys) flags[key] = values ? { names: [], served: [], values: [] } : { names: [], served: [] };
  const index = new Map();
  for (const context of contexts) {
    const client = new GrowthBook({ attributes: context });
    client.initSync({ payload });
    for (const key of keys) {
      const answer = client.evalFeature(key);
      const name = nameOf(answer);
      const at = `${key}\n${name}`;
      if (!index.has(at)) {
        index.set(at, flags[key].names.length);
        flags[key].names.push(name);
      }
      flags[key].served.push(index.get(at));
      if (values) flags[key].values.push(answer.value);
    }
    client.destroy();
  }
  return { flags };
});

process.stdout.write(JSON.stringify(answers));
