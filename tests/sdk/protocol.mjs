// What every driver of a Node SDK shares: reading jobs, counting outcomes, writing answers.
//
// node <driver>.mjs <folder with node_modules> < input > output
// input:  { contexts: [...], jobs: [{ document: "<text>", flags: [{ key, unit }], at: <epoch seconds or null> }] }
// output: [{ flags: { <key>: { outcomes: [{ variant, value }], served: [<index into outcomes> per context] } } }]
//
// A driver calls `serve((load) => open)`, where `load` is `require` in the folder of packages, and
//   open(document, { flags, at })  loads a document into a client; it may be async
//     → (context)                  makes a unit known to it
//     → ({ key, unit })            evaluates one flag; it may be async
//     → { variant, value }         the variant's name, `force:<name>` where a forced unit can be told apart,
//                                  `off` for everybody else, and what the SDK returned as payload.
// `Date.now` gives `at` while a job with a moment runs. A warning on the console ends the run; a driver throws on any
// other complaint of its SDK. An evaluation that ends in an error is the variant `!<code>`.

import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const complain = (...text) => {
  throw new Error(`the SDK complains: ${text.map(String).join(' ')}`);
};

/** JSON that keeps the sign of zero. */
const MINUS = '\u{10fffe}-0\u{10fffe}';
const print = (value) => {
  let signed = false;
  const mark = (_, part) => (Object.is(part, -0) ? ((signed = true), MINUS) : part);
  const text = JSON.stringify(value, mark) ?? 'null';
  return signed ? text.replaceAll(`"${MINUS}"`, '-0.0') : text;
};

/** The different outcomes of a flag. Values are printed once where the SDK gives the same object again. */
class Outcomes {
  constructor(units) {
    this.texts = [];
    this.known = new Map();
    this.served = new Array(units);
  }

  add(unit, { variant, value }) {
    let seen = this.known.get(variant);
    if (seen === undefined) {
      seen = { last: undefined, index: -1, texts: new Map() };
      this.known.set(variant, seen);
    }
    if (seen.index < 0 || seen.last !== value || value === 0) {
      const text = print(value);
      let index = seen.texts.get(text);
      if (index === undefined) {
        index = this.texts.push(`{"variant":${JSON.stringify(variant)},"value":${text}}`) - 1;
        seen.texts.set(text, index);
      }
      seen.last = value;
      seen.index = index;
    }
    this.served[unit] = seen.index;
  }

  text() {
    return `{"outcomes":[${this.texts.join(',')}],"served":[${this.served.join(',')}]}`;
  }
}

export const serve = async (driver) => {
  const load = createRequire(`${process.argv[2]}/package.json`);
  const { contexts, jobs } = JSON.parse(readFileSync(0, 'utf8'));
  console.error = complain;
  console.warn = complain;
  const clock = Date.now;
  const open = await driver(load);
  const answers = [];
  for (const { document, flags, at } of jobs) {
    Date.now = at === undefined || at === null ? clock : () => at * 1000;
    const make = await open(document, { flags, at });
    const outcomes = flags.map(() => new Outcomes(contexts.length));
    for (let unit = 0; unit < contexts.length; unit++) {
      let evaluate = make(contexts[unit]);
      if (typeof evaluate !== 'function') evaluate = await evaluate;
      for (let flag = 0; flag < flags.length; flag++) {
        let answer = evaluate(flags[flag]);
        if (typeof answer.then === 'function') answer = await answer;
        outcomes[flag].add(unit, answer);
      }
    }
    const entries = flags.map(({ key }, flag) => `${JSON.stringify(key)}:${outcomes[flag].text()}`);
    answers.push(`{"flags":{${entries.join(',')}}}`);
  }
  Date.now = clock;
  const bytes = Buffer.from(`[${answers.join(',')}]`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // An SDK that logs may have made the pipe one that does not wait.
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  // Clients may keep timers; nothing is left to do.
  process.exit(0);
};
