// Evaluates flags with Amplitude's own SDK, locally.

import { serve } from '../protocol.mjs';

/** Fields of a user; everything else is a user property. */
const FIELDS = new Set([
  'carrier',
  'city',
  'country',
  'device_brand',
  'device_id',
  'device_manufacturer',
  'device_model',
  'dma',
  'ip_address',
  'language',
  'library',
  'os',
  'platform',
  'region',
  'user_id',
  'version',
]);

serve((load) => {
  const { Experiment } = load('@amplitude/experiment-node-server');
  let clients = 0;
  return (document, { flags }) => {
    // A key has one client for ever.
    clients += 1;
    const client = Experiment.initializeLocal(`local-${clients}`, { bootstrap: JSON.parse(document) });
    const keys = flags.map(({ key }) => key);
    return (context) => {
      const user = { user_properties: {} };
      for (const [name, value] of Object.entries(context)) {
        (FIELDS.has(name) ? user : user.user_properties)[name] = value;
      }
      const variants = client.evaluateV2(user, keys);
      return ({ key }) => {
        const variant = variants[key];
        if (variant === undefined) return { variant: '!nothing', value: null };
        const forced = variant.metadata?.segmentName?.startsWith('force/');
        return { variant: forced ? `force:${variant.key}` : variant.key, value: variant.payload };
      };
    };
  };
});
