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
  // An application evaluates the flags of each unit with a context of that unit. To spare what nobody asks for, it loads
  // the conditions and parameters of those flags alone, in their order.
  const templateOf = ({ conditions, parameters, etag }, keys) => {
    const own = keys.map((key) => [key.replaceAll('-', '_'), `${key}: `]);
    const starts = (name) => own.some(([, start]) => name.startsWith(start));
    return remote.initServerTemplate({
      template: {
        etag,
        conditions: conditions.filter(({ name }) => starts(name)),
        parameters: Object.fromEntries(own.map(([name]) => [name, parameters[name]])),
      },
    });
  };
  return (document, { flags }) => {
    const whole = JSON.parse(document);
    const units = [...new Set(flags.map(({ unit }) => unit))];
    const keysOf = (wanted) => flags.filter(({ unit }) => unit === wanted).map(({ key }) => key);
    const templates = new Map(units.map((unit) => [unit, templateOf(whole, keysOf(unit))]));
    return (context) => {
      const given = signals(context);
      const evaluated = new Map();
      return ({ key, unit }) => {
        let config = evaluated.get(unit);
        if (config === undefined) {
          const id = context[unit];
          config = templates.get(unit).evaluate(typeof id === 'string' ? { ...given, randomizationId: id } : given);
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
