// Evaluates flag files with flagd's own SDK. A file that its strict validation refuses ends the run.

import { serve } from '../protocol.mjs';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

serve((load) => {
  const { FlagdCore, MemoryStorage } = load('@openfeature/flagd-core');
  return (document) => {
    const storage = new MemoryStorage({ ...silent, error: console.error, warn: console.warn });
    storage.setConfigurations(document, true);
    const core = new FlagdCore(storage, silent);
    const fallback = { code: 'default' };
    return (context) =>
      ({ key }) => {
        const answer = core.resolveObjectEvaluation(key, fallback, context, silent);
        const failed = answer.errorCode ?? (answer.variant === undefined ? answer.reason : undefined);
        return { variant: failed === undefined ? answer.variant : `!${failed}`, value: answer.value };
      };
  };
});
