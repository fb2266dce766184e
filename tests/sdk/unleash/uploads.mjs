// Judges documents by the schemas that Unleash's server publishes of what it serves and what it imports.
//
// node uploads.mjs <folder with node_modules> < { jobs: [{ document }] } > [[complaint]]
// The schemas are files of npm `unleash-server`, which is fetched alone, without the four hundred packages that it runs
// with, and held to the hash below.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const VERSION = '8.2.0';
const INTEGRITY = 'sha512-Fw7n3zsp1/B8Vjz7hvTFFzRmDZzxMqI9hbpGGMfU9wksAIu1ofKTx2HK6XBwd2DgEqy3me4xVGjknngyxRIdPA==';

const home = process.argv[2];
const load = createRequire(`${home}/package.json`);

const server = join(home, `unleash-server-${VERSION}`);
if (!existsSync(server)) {
  const beside = mkdtempSync(join(home, '.server-'));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['pack', '--silent', `unleash-server@${VERSION}`], { cwd: beside, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = join(beside, `unleash-server-${VERSION}.tgz`);
  const hash = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (`sha512-${hash}` !== INTEGRITY) throw new Error(`unleash-server ${VERSION} is not what is pinned`);
  execFileSync('tar', ['-xzf', archive, '-C', beside]);
  renameSync(join(beside, 'package'), server);
}

const spec = async (file) => {
  const module = await import(pathToFileURL(join(server, 'dist/lib/openapi/spec', `${file}.js`)));
  return Object.values(module)[0];
};

const Ajv = load('ajv').default;
const formats = load('ajv-formats').default;
/** A schema of OpenAPI with what it refers to, each thing once and below the root. */
const gathered = (schema, schemas) => {
  const { $id: _, components, ...own } = schema;
  for (const [name, part] of Object.entries(components?.schemas ?? {})) {
    if (name in schemas) continue;
    schemas[name] = {};
    schemas[name] = gathered(part, schemas);
  }
  return own;
};
const validator = (schema) => {
  const schemas = {};
  const ajv = new Ajv({ allErrors: true, strict: false });
  formats(ajv);
  return ajv.compile({ ...gathered(schema, schemas), components: { schemas } });
};

const judges = {
  features: validator(await spec('client-features-schema')),
  data: validator(await spec('import-toggles-schema')),
};

const { jobs } = JSON.parse(readFileSync(0, 'utf8'));
const verdicts = jobs.map(({ document }) => {
  const content = JSON.parse(document);
  const judge = judges[Object.keys(judges).find((key) => key in content)];
  return judge(content) ? [] : judge.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
});
process.stdout.write(JSON.stringify(verdicts));
