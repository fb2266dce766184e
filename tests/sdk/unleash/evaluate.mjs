// Evaluates documents with Unleash's own Node SDK: a bootstrap, and no server.

import { serve } from '../protocol.mjs';

/** What the context has beside properties. */
const FIELDS = ['userId', 'sessionId', 'remoteAddress'];

serve((load) => {
  const { Unleash, InMemStorageProvider } = load('unleash-client');
  return async (document, { at }) => {
    const content = JSON.parse(document);
    const client = new Unleash({
      appName: 'proof',
      url: 'http://127.0.0.1:1/',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      bootstrap: { data: content.features, segments: content.segments },
    });
    // The address has no server: that, and nothing else, may be complained of.
    const complain = (text) => {
      if (!/ECONNREFUSED|EADDRNOTAVAIL|fetch failed|bad port/i.test(`${text?.message ?? text} ${text?.cause ?? ''}`)) console.error(text);
    };
    client.on('error', complain);
    client.on('warn', complain);
    await new Promise((ready) => client.once('ready', ready));
    const values = new Map();
    const parsed = (payload) => {
      if (payload === undefined) return null;
      if (payload.type !== 'json') return payload.value;
      if (!values.has(payload.value)) values.set(payload.value, JSON.parse(payload.value));
      return values.get(payload.value);
    };
    return (attributes) => {
      const context = { properties: {} };
      if (at !== undefined && at !== null) context.currentTime = new Date(at * 1000);
      for (const [name, value] of Object.entries(attributes)) {
        (FIELDS.includes(name) ? context : context.properties)[name] = value;
      }
      return ({ key }) => {
        const { name, enabled, payload } = client.getVariant(key, context);
        return { variant: enabled ? name : `!${name}`, value: parsed(payload) };
      };
    };
  };
});
