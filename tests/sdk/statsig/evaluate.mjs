// Evaluates config specs with Statsig's own SDK, given by a data store and without a network.

import { serve } from '../protocol.mjs';

const variant = ({ ruleID, groupName }) => (ruleID.endsWith('_override') ? `force:${groupName}` : (groupName ?? 'off'));

serve((load) => {
  const { Statsig, StatsigUser } = load('@statsig/statsig-node-core');
  let before = null;
  return async (document) => {
    await before?.shutdown();
    const dataStore = {
      initialize: async () => {},
      shutdown: async () => {},
      supportPollingUpdatesFor: async () => false,
      get: async () => ({ result: document, time: 1 }),
    };
    const client = new Statsig('secret-offline', {
      dataStore,
      disableAllLogging: true,
      disableCountryLookup: true,
      disableNetwork: true,
      outputLogLevel: 'error',
    });
    const { isSuccess, error } = await client.initialize();
    if (!isSuccess) throw new Error(`the SDK did not take the document: ${error}`);
    before = client;
    const layers = JSON.parse(document).experiment_to_layer;
    // A layer hands the same units to the experiment, and nobody else.
    const checkLayer = (user, key, { groupName, value }) => {
      const layer = client.getLayer(user, layers[key], { disableExposureLogging: true });
      const is = layer.allocatedExperimentName === key && layer.groupName !== null;
      if (is !== (groupName !== null)) throw new Error(`${key}: the layer says ${layer.allocatedExperimentName}`);
      for (const name of is ? Object.keys(value) : []) {
        const read = layer.get(name, null);
        if (JSON.stringify(read) !== JSON.stringify(value[name])) throw new Error(`${key}: the layer has another ${name}`);
      }
    };
    return (context) => {
      const { user_id, guest_id, ...custom } = context;
      // The SDK takes text alone for an id. Units that are no user are custom IDs, under the attribute's name.
      const userID = typeof user_id === 'string' ? user_id : '';
      const customIDs = typeof guest_id === 'string' ? { guest_id } : {};
      const user = new StatsigUser({ userID, customIDs, custom });
      return ({ key }) => {
        const answer = client.getExperiment(user, key, { disableExposureLogging: true });
        if (!answer.details.reason.endsWith(':Recognized')) return { variant: `!${answer.details.reason}`, value: null };
        if (layers[key] !== undefined) checkLayer(user, key, answer);
        return { variant: variant(answer), value: answer.value };
      };
    };
  };
});
