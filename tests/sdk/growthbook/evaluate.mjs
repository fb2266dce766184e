// Evaluates payloads with GrowthBook's own SDK.

import { serve } from '../protocol.mjs';

const variant = (answer) => {
  switch (answer.source) {
    case 'experiment':
      return answer.experimentResult.key;
    case 'force':
      // `<experiment>/force/<variant>`; the variant may hold a slash.
      return answer.ruleId.includes('/force/') ? `force:${answer.ruleId.split('/force/').at(-1)}` : 'off';
    case 'defaultValue':
      return 'off';
    default:
      return `!${answer.source}`;
  }
};

serve((load) => {
  const { GrowthBook } = load('@growthbook/growthbook');
  return (document) => {
    const payload = JSON.parse(document);
    let client = null;
    return (context) => {
      client?.destroy();
      client = new GrowthBook({ attributes: context });
      client.initSync({ payload });
      return ({ key }) => {
        const answer = client.evalFeature(key);
        return { variant: variant(answer), value: answer.value };
      };
    };
  };
});
