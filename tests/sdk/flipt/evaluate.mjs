// Evaluates files of features with Flipt's own client.
//
// The server reads the file and hands its clients a snapshot; here this driver does, with each segment in its rule and
// attachments as JSON in a text, as the server writes them.

import { serve } from '../protocol.mjs';

/** JSON that keeps the sign of zero. */
const text = (value) => {
  if (Object.is(value, -0)) return '-0.0';
  if (Array.isArray(value)) return `[${value.map(text)}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}:${text(part)}`)}}`;
};

const snapshot = ({ namespace, flags, segments }) => {
  const known = new Map(segments.map((segment) => [segment.key, segment]));
  const segmentOf = (key) => {
    if (!known.has(key)) throw new Error(`no segment ${key}`);
    const { match_type: matches, constraints } = known.get(key);
    return {
      key,
      matchType: matches.replace('_MATCH_TYPE', '_SEGMENT_MATCH_TYPE'),
      constraints: constraints.map((constraint) => ({
        ...constraint,
        type: constraint.type.replace('_COMPARISON_TYPE', '_CONSTRAINT_COMPARISON_TYPE'),
      })),
    };
  };
  return {
    namespace: { key: namespace },
    flags: flags.map(({ key, name, description, type, enabled, variants, rules }) => {
      const attachments = new Map(variants.map((variant) => [variant.key, text(variant.attachment)]));
      const attachmentOf = (variant) => {
        if (!attachments.has(variant)) throw new Error(`no variant ${variant} in ${key}`);
        return attachments.get(variant);
      };
      const byDefault = variants.find((variant) => variant.default);
      return {
        key,
        name,
        description,
        type,
        enabled,
        rollouts: [],
        defaultVariant: { id: byDefault.key, key: byDefault.key, attachment: attachmentOf(byDefault.key) },
        rules: rules.map(({ segment, distributions }) => ({
          segments: (segment.keys ?? [segment]).map(segmentOf),
          segmentOperator: segment.operator ?? 'OR_SEGMENT_OPERATOR',
          distributions: distributions.map(({ variant, rollout }) => ({
            variantKey: variant,
            rollout,
            variantAttachment: attachmentOf(variant),
          })),
        })),
      };
    }),
  };
};

/** Contexts are of texts: what an application has else, it writes as JSON. */
const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

serve((load) => {
  // The client loads its own module in a way of which that module complains.
  const complain = console.warn;
  console.warn = (...said) => {
    if (!String(said[0]).startsWith('using deprecated parameters for the initialization function')) complain(...said);
  };
  const { FliptClient } = load('@flipt-io/flipt-client-js');
  const { parse } = load('yaml');
  return async (document) => {
    const served = snapshot(parse(document, { maxAliasCount: 0, uniqueKeys: false }));
    const fetcher = async () => ({
      ok: true,
      status: 200,
      statusText: 'OK',
      headers: { get: () => null },
      json: async () => served,
    });
    const client = await FliptClient.init({ namespace: 'default', fetcher, updateInterval: 0 });
    const values = new Map();
    const valueOf = (attachment) => {
      if (!values.has(attachment)) values.set(attachment, JSON.parse(attachment));
      return values.get(attachment);
    };
    const byDefault = new Map(served.flags.map((flag) => [flag.key, flag.defaultVariant]));
    return (unit) => {
      const context = {};
      for (const [name, value] of Object.entries(unit)) if (value !== null) context[name] = written(value);
      return ({ key, unit: id }) => {
        // An application without an id has nobody to ask for, and serves the default.
        if ((context[id] ?? '') === '') {
          const { key: variant, attachment } = byDefault.get(key);
          return { variant, value: valueOf(attachment) };
        }
        const answer = client.evaluateVariant({ flagKey: key, entityId: context[id], context });
        const forced = answer.segmentKeys.some((segment) => segment.includes(',force,'));
        const variant = forced ? `force:${answer.variantKey}` : answer.variantKey;
        return { variant, value: valueOf(answer.variantAttachment) };
      };
    };
  };
});
