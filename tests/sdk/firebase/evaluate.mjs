// Evaluates a server template with Firebase's own Admin SDK. It asks no server for it.

import { serve } from '../protocol.mjs';

// Custom signals are text, and are left out where a unit has none. Lists and objects cannot be given.
const signals = (context) => {
  const given = {};
  for (const [name, value] of Object.entries(context)) {
    if (['string', 'number', 'boolean'].includes(typeof value)) given[name] = String(value);
  }
  return given;
};

serve((load) => {
  const { initializeApp } = load('firebase-admin/app');
  const { getRemoteConfig } = load('firebase-admin/remote-config');
  const credential = { getAccessToken: async () => ({ access_token: 'none', expires_in: 1 }) };
  const remote = getRemoteConfig(initializeApp({ credential, projectId: 'offline' }));
  return (document) => {
    const template = remote.initServerTemplate({ template: document });
    return (context) => {
      const given = signals(context);
      const evaluated = new Map();
      return ({ key, unit }) => {
        let config = evaluated.get(unit);
        if (config === undefined) {
          const id = context[unit];
          config = template.evaluate(typeof id === 'string' ? { ...given, randomizationId: id } : given);
          evaluated.set(unit, config);
        }
        const value = config.getValue(key.replaceAll('-', '_'));
        if (value.getSource() !== 'remote') return { variant: `!${value.getSource()}`, value: null };
        const { variant, payload } = JSON.parse(value.asString());
        return { variant, value: payload };
      };
    };
  };
});
