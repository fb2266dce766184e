// Evaluates definitions with PostHog's own SDK, locally.

import { createHash } from 'node:crypto';

import { serve } from '../protocol.mjs';

// The same SHA-1 without a thread for each hash: millions are asked for.
const digest = (algorithm, data) => {
  const hash = createHash(algorithm.replace('-', '').toLowerCase()).update(data).digest();
  return Promise.resolve(hash.buffer.slice(hash.byteOffset, hash.byteOffset + hash.byteLength));
};
Object.defineProperty(globalThis, 'crypto', { value: { ...globalThis.crypto, subtle: { digest } } });

serve((load) => {
  const { PostHog } = load('posthog-node');
  return async (document, { flags }) => {
    const definitions = JSON.parse(document);
    const client = new PostHog('phc_local', {
      host: 'http://127.0.0.1:9',
      secretKey: 'phs_local',
      enableLocalEvaluation: true,
      flagDefinitionCacheProvider: {
        getFlagDefinitions: () => definitions,
        shouldFetchFlagDefinitions: () => false,
        onFlagDefinitionsReceived() {},
        shutdown() {},
      },
      fetch: () => {
        throw new Error('the SDK asks its server');
      },
    });
    await client.waitForLocalEvaluationReady();
    const filters = new Map(definitions.flags.map((flag) => [flag.key, flag.filters]));
    const forced = new Map();
    for (const { key } of flags) {
      const ids = new Map();
      for (const { properties, variant } of filters.get(key).groups) {
        if (variant !== undefined && properties[0]?.key === 'distinct_id') {
          for (const id of properties[0].value) ids.set(id, variant);
        }
      }
      forced.set(key, ids);
    }
    // Equal payloads need to be printed once.
    const payloads = new Map();
    const payloadOf = (key, variant) => {
      const at = `${key}\n${variant}`;
      if (!payloads.has(at)) payloads.set(at, JSON.parse(filters.get(key).payloads[variant]));
      return payloads.get(at);
    };
    const compared = new Set();
    const units = [...new Set(flags.map(({ unit }) => unit))];
    const keys = new Map(units.map((unit) => [unit, flags.filter((flag) => flag.unit === unit).map(({ key }) => key)]));
    return async (context) => {
      const answers = new Map();
      for (const unit of units) {
        const id = context[unit];
        if (typeof id !== 'string' || id === '') continue;
        const options = { personProperties: context, onlyEvaluateLocally: true, flagKeys: keys.get(unit) };
        answers.set(unit, await client.getAllFlagsAndPayloads(id, options));
      }
      return ({ key, unit }) => {
        const answer = answers.get(unit);
        // The SDK takes no empty id: an application without one serves what `off` returns.
        if (answer === undefined) return { variant: 'off', value: payloadOf(key, 'off') };
        const variant = answer.featureFlags[key];
        if (typeof variant !== 'string') return { variant: `!${variant}`, value: null };
        const at = `${key}\n${variant}`;
        const value = payloadOf(key, variant);
        if (!compared.has(at)) {
          const own = answer.featureFlagPayloads[key];
          if (JSON.stringify(own) !== JSON.stringify(value)) throw new Error(`${key}: the payload of ${variant} is another`);
          compared.add(at);
        }
        return { variant: forced.get(key).get(context[unit]) === variant ? `force:${variant}` : variant, value };
      };
    };
  };
});
