// Evaluates environment documents with Flagsmith's own SDK, offline.

import { dirname, join } from 'node:path';

import { serve } from '../protocol.mjs';

serve((load) => {
  const { Flagsmith } = load('flagsmith-nodejs');
  // What its own handler of local files calls.
  const engine = join(dirname(load.resolve('flagsmith-nodejs')), 'flagsmith-engine');
  const { buildEnvironmentModel } = load(join(engine, 'environments/util.js'));
  return async (document) => {
    const parsed = JSON.parse(document);
    const environment = buildEnvironmentModel(parsed);
    const client = new Flagsmith({ offlineMode: true, offlineHandler: { getEnvironment: () => environment } });
    const defaults = new Map(parsed.feature_states.map((state) => [state.feature.name, state.feature_state_value]));
    const values = new Map();
    const read = (text) => {
      if (!values.has(text)) values.set(text, JSON.parse(text));
      return values.get(text);
    };
    return (unit) => {
      // One question answers all flags for an id.
      const asked = new Map();
      const flagsOf = (id) => {
        if (!asked.has(id)) asked.set(id, client.getIdentityFlags(id, unit));
        return asked.get(id);
      };
      return async ({ key, unit: name }) => {
        const id = unit[name];
        // An application without an id serves the flag's own value.
        if ((id ?? '') === '') {
          const { variant, payload } = read(defaults.get(key));
          return { variant, value: payload };
        }
        const flag = (await flagsOf(String(id))).getFlag(key);
        if (flag.isDefault || !flag.enabled) return { variant: '!default', value: null };
        const { variant, payload } = read(flag.value);
        const forced = /^TARGETING_MATCH; segment=.*\/force\//.test(flag.reason);
        return { variant: forced ? `force:${variant}` : variant, value: payload };
      };
    };
  };
});
