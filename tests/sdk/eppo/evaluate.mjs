// Evaluates configurations with the client that every JavaScript SDK of Eppo wraps.

import { serve } from '../protocol.mjs';

// Its logger writes where the answers go; errors are thrown instead.
process.env.LOG_LEVEL = 'silent';

// `new Date()` gives the moment of the job as well.
const clock = Date;
globalThis.Date = class extends clock {
  constructor(...parts) {
    super(...(parts.length === 0 ? [Date.now()] : parts));
  }
};

/** The subject key is text, and `id` in rules. */
const keyOf = (id) => (typeof id === 'string' ? id : '');

serve((load) => {
  const { EppoClient, MemoryOnlyConfigurationStore, VariationType } = load('@eppo/js-client-sdk-common');
  return async (document) => {
    const { flags, format, environment, createdAt } = JSON.parse(document);
    const store = new MemoryOnlyConfigurationStore();
    store.setFormat(format);
    store.setEnvironment(environment);
    store.setConfigPublishedAt(createdAt);
    await store.setEntries(flags);
    const client = new EppoClient({ flagConfigurationStore: store });
    client.setIsGracefulFailureMode(false);
    // An application gives what `off` returns as its default.
    const off = new Map();
    const offOf = (key) => {
      if (!off.has(key)) off.set(key, JSON.parse(flags[key].variations.off.value));
      return off.get(key);
    };
    // The client reads JSON anew for each unit; equal values need to be printed once.
    const parsed = new Map();
    const valueOf = (text) => {
      if (!parsed.has(text)) parsed.set(text, JSON.parse(text));
      return parsed.get(text);
    };
    const compared = new Set();
    return (context) => ({ key, unit }) => {
      const id = keyOf(context[unit]);
      if (id === '') {
        let refused = false;
        try {
          client.getAssignmentDetail(key, id, context, VariationType.JSON);
        } catch (error) {
          refused = error.message.includes('cannot be blank');
        }
        return { variant: refused ? 'off' : '!served', value: offOf(key) };
      }
      const answer = client.getAssignmentDetail(key, id, context, VariationType.JSON);
      const { allocationKey, variation } = answer;
      if (variation === null) return { variant: '!nothing', value: null };
      const at = `${key}\n${variation.key}`;
      if (!compared.has(at)) {
        // What an application calls must give the same value.
        const value = client.getJSONAssignment(key, id, context, {});
        if (JSON.stringify(value) !== JSON.stringify(valueOf(variation.value))) throw new Error(`${key}: another value`);
        compared.add(at);
      }
      const forced = allocationKey.includes('/force/');
      return { variant: forced ? `force:${variation.key}` : variation.key, value: valueOf(variation.value) };
    };
  };
});
