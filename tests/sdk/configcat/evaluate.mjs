// Evaluates a config with ConfigCat's own SDK, offline, from its cache.

import { serve } from '../protocol.mjs';

serve(async (load) => {
  const { createConsoleLogger, getClient, LogLevel, PollingMode, User } = load('configcat-node');
  let before = null;
  return async (document) => {
    before?.dispose();
    // What the SDK keeps: when it was downloaded, its etag, and the config in one line.
    const text = JSON.stringify(JSON.parse(document));
    const cache = { get: async () => `${Date.now()}\n"etag"\n${text}`, set: async () => {} };
    // Warnings tell of each attribute that a unit does not have.
    const logger = createConsoleLogger(LogLevel.Error);
    const client = getClient(`offline-${'x'.repeat(14)}/${'x'.repeat(22)}`, PollingMode.ManualPoll, {
      cache,
      logger,
      offline: true,
    });
    before = client;
    await client.waitForReady();
    const snapshot = client.snapshot();
    return (context) => {
      const { user_id, ...custom } = context;
      const user = new User(typeof user_id === 'string' ? user_id : '', undefined, undefined, custom);
      return ({ key }) => {
        const { value, isDefaultValue, errorCode } = snapshot.getValueDetails(key, null, user);
        if (isDefaultValue) return { variant: `!${errorCode}`, value: null };
        const { variant, payload } = JSON.parse(value);
        return { variant, value: payload };
      };
    };
  };
});
