// Evaluates documents with Split's own Node SDK, which takes JSON from a server only: here one on this machine.

import { createServer } from 'node:http';
import { serve } from '../protocol.mjs';

serve(async (load) => {
  const { SplitFactory } = load('@splitsoftware/splitio');
  let content = '';
  const nothing = JSON.stringify({ ff: { d: [], s: 1, t: 1 }, rbs: { d: [], s: 1, t: 1 } });
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    response.setHeader('content-type', 'application/json');
    const isFirst = url.searchParams.get('since') === '-1';
    response.end(url.pathname.endsWith('/splitChanges') ? (isFirst ? content : nothing) : '{}');
  });
  // The SDK logs on standard output. Matchers tell of versions that are none; anything else ends the run.
  console.log = (text) => {
    if (!/ENGINE_MATCHER|matcher|[Ss]emver/.test(text)) console.error(text);
  };
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const at = `http://127.0.0.1:${server.address().port}/api`;
  let factory = null;
  return async (document, { flags }) => {
    await factory?.destroy();
    content = document;
    factory = SplitFactory({
      core: { authorizationKey: 'none' },
      urls: { sdk: at, events: at, auth: at, streaming: at, telemetry: at },
      scheduler: { featuresRefreshRate: 100_000, segmentsRefreshRate: 100_000 },
      startup: { readyTimeout: 60 },
      streamingEnabled: false,
      sync: { impressionsMode: 'NONE' },
      debug: 'ERROR',
    });
    const client = factory.client();
    await client.ready();
    // What an application serves to units without an id, whom the SDK does not evaluate.
    const outside = new Map(JSON.parse(document).ff.d.map((flag) => [flag.name, flag.configurations.off]));
    const values = new Map();
    const parsed = (text) => {
      if (!values.has(text)) values.set(text, JSON.parse(text));
      return values.get(text);
    };
    return (attributes) =>
      ({ key, unit }) => {
        const id = attributes[unit];
        if (typeof id !== 'string' || id === '') return { variant: 'off', value: parsed(outside.get(key)) };
        const { treatment, config } = client.getTreatmentWithConfig(id, key, attributes);
        if (treatment === 'control') return { variant: '!control', value: null };
        return { variant: treatment === 'baseline' ? 'control' : treatment, value: parsed(config) };
      };
  };
});
