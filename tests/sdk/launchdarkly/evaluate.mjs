// Evaluates flag files with LaunchDarkly's own Node SDK: a file data source, and no connection.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '../protocol.mjs';

const silent = { debug() {}, info() {} };

serve((load) => {
  const { init, integrations } = load('@launchdarkly/node-server-sdk');
  const folder = mkdtempSync(join(tmpdir(), 'expc-proof-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return async (document, { flags }) => {
    const path = join(folder, 'flags.json');
    writeFileSync(path, document);
    const source = new integrations.FileDataSourceFactory({ paths: [path], autoUpdate: false });
    const client = init('no-key', {
      updateProcessor: source.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger: { ...silent, warn: console.warn, error: console.error },
    });
    await client.waitForInitialization({ timeout: 30 });
    const content = JSON.parse(document);
    // The kind of the unit, and what an application serves to units without an id, who have no context.
    const known = new Map(
      flags.map(({ key, unit }) => {
        const { contextTargets, rules, variations } = content.flags[key];
        const kind = rules[0]?.clauses[0].contextKind ?? contextTargets[0]?.contextKind ?? 'user';
        return [key, { kind, unit, off: variations[0] }];
      }),
    );
    const fallback = { variant: '!default' };
    return (attributes) => {
      const contexts = new Map();
      return async ({ key }) => {
        const { kind, unit, off } = known.get(key);
        const id = attributes[unit];
        if (typeof id !== 'string' || id === '') return { variant: 'off', value: off.payload };
        if (!contexts.has(kind + unit)) {
          const { [unit]: _, ...rest } = attributes;
          contexts.set(kind + unit, { ...rest, kind, key: id });
        }
        const { value, reason } = await client.variationDetail(key, contexts.get(kind + unit), fallback);
        const forced = reason.kind === 'TARGET_MATCH' ? 'force:' : '';
        return { variant: reason.kind === 'ERROR' ? `!${reason.errorKind}` : forced + value.variant, value: value.payload };
      };
    };
  };
});
