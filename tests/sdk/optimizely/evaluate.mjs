// Evaluates datafiles with Optimizely's own SDK for JavaScript: a static datafile, and no events.

import { serve } from '../protocol.mjs';

serve((load) => {
  const sdk = load('@optimizely/optimizely-sdk');
  const complaints = [];
  const handler = {
    log(level, message) {
      if (level >= sdk.LogLevel?.Error) complaints.push(message);
    },
  };
  return async (document) => {
    const content = JSON.parse(document);
    const experiments = new Map(content.experiments.map((one) => [one.id, one]));
    const forcedOf = new Map(
      content.featureFlags.map((flag) => {
        const own = flag.experimentIds.map((id) => experiments.get(id).forcedVariations);
        return [flag.key, new Map(own.flatMap((forced) => Object.entries(forced)))];
      }),
    );
    const offOf = new Map(
      content.featureFlags.map((flag) => [flag.key, JSON.parse(flag.variables[0].defaultValue)]),
    );
    const client = sdk.createInstance({
      projectConfigManager: sdk.createStaticProjectConfigManager({ datafile: document }),
      logger: sdk.createLogger({ level: sdk.ERROR, logHandler: handler }),
      disposable: true,
    });
    await client.onReady();
    if (complaints.length > 0) throw new Error(complaints.join('; '));
    const options = [sdk.OptimizelyDecideOption.DISABLE_DECISION_EVENT];
    return (context) => ({ key, unit }) => {
      const id = context[unit];
      // An application without an id has nobody to ask for.
      if (typeof id !== 'string' || id === '') return { variant: 'off', value: offOf.get(key) };
      const user = client.createUserContext(id, context);
      if (user === null) return { variant: '!context', value: null };
      const decision = user.decide(key, options);
      if (decision.variationKey === null) return { variant: `!${decision.reasons.join(';')}`, value: null };
      const forced = forcedOf.get(key).get(id) === decision.variationKey ? 'force:' : '';
      return { variant: `${forced}${decision.variationKey}`, value: decision.variables.payload };
    };
  };
});
