import { createHash } from 'node:crypto'
import { noise } from '../synthetic-modules.ts'

export interface PackumentSpec {
  readonly name: string
  readonly versions: number
  /** Of the full form, about. */
  readonly sizeBytes: number
}

/** A packument in the two forms in which a registry has it. */
export interface Packument {
  readonly name: string
  readonly full: Uint8Array
  readonly abbreviated: Uint8Array
}

const words =
  'async build cli core data dev eslint fast graph http json kit lint map node pack query react run set'
const wordList = words.split(' ')

/**
 * A packument like those of the public registry: some 450 bytes of a version are hashes and signatures, which do
 * not compress; most of the rest is the same in every version. Equal specs give equal bytes; `base` is the
 * registry's address.
 */
export function makePackument(spec: PackumentSpec, base: string): Packument {
  const { name, versions } = spec
  // About 1,900 bytes of a version have a fixed size, one development dependency has 31.
  const dependencies = Math.max(4, Math.round((spec.sizeBytes / versions - 1900) / 31))
  const random = draws(`${name} ${versions}`)
  const full: Record<string, unknown> = {}
  const abbreviated: Record<string, unknown> = {}
  const time: Record<string, string> = { created: dateOf(0), modified: dateOf(versions) }
  let latest = ''
  for (let at = 0; at < versions; at++) {
    const version = `${Math.floor(at / 400)}.${Math.floor(at / 20) % 20}.${at % 20}`
    const manifest = manifestOf(name, version, dependencies, random, base)
    full[version] = manifest.full
    abbreviated[version] = manifest.abbreviated
    time[version] = dateOf(at)
    latest = version
  }
  const tags = { latest, next: latest }
  return {
    name,
    full: bytesOf({
      _id: name,
      _rev: `${versions}-${hexOf(name, 16)}`,
      name,
      'dist-tags': tags,
      versions: full,
      time,
      maintainers: people(6),
      description: `${name}, made up for a measurement`,
      homepage: `https://${name}.example/`,
      keywords: wordList,
      repository: { type: 'git', url: `git+https://code.example/${name}.git` },
      license: 'MIT',
      readme: `# ${name}\n\n${'Made up for a measurement. '.repeat(400)}`,
      readmeFilename: 'README.md',
    }),
    abbreviated: bytesOf({ name, 'dist-tags': tags, versions: abbreviated, modified: dateOf(versions) }),
  }
}

function manifestOf(
  name: string,
  version: string,
  dependencies: number,
  random: (below: number) => number,
  base: string,
) {
  const dist = {
    integrity: `sha512-${base64Of(`${name}@${version}`, 64)}`,
    shasum: hexOf(`${name}@${version}`, 20),
    tarball: `${base}/${name}/-/${name}-${version}.tgz`,
    fileCount: 100 + random(900),
    unpackedSize: 1_000_000 + random(9_000_000),
    signatures: [
      { keyid: `SHA256:${base64Of('the key', 32)}`, sig: base64Of(`signature ${name}@${version}`, 71) },
    ],
  }
  const install = {
    name,
    version,
    dependencies: some(6, random),
    bin: { [name]: `bin/${name}.js` },
    dist,
    engines: { node: '>=18.17.0' },
    peerDependencies: { peer: `^${1 + random(9)}.0.0` },
    funding: { url: `https://fund.example/${name}` },
  }
  const devDependencies = some(dependencies, random)
  return {
    abbreviated: { ...install, devDependencies: some(4, random) },
    full: {
      ...install,
      description: `${name}, made up for a measurement`,
      keywords: wordList.slice(0, 8),
      author: { name: 'A. Author', email: 'author@mail.example' },
      license: 'MIT',
      homepage: `https://${name}.example/`,
      repository: { type: 'git', url: `git+https://code.example/${name}.git` },
      bugs: { url: `https://code.example/${name}/issues` },
      main: './lib/index.js',
      types: './lib/index.d.ts',
      scripts: { build: 'node build.js', test: 'node --test', prepublishOnly: 'npm run build' },
      devDependencies,
      gitHead: hexOf(`git ${name}@${version}`, 20),
      _id: `${name}@${version}`,
      _nodeVersion: '22.11.0',
      _npmVersion: '10.9.0',
      _npmUser: { name: 'author', email: 'author@mail.example' },
      directories: {},
      maintainers: people(6),
      _npmOperationalInternal: {
        host: 's3://storage',
        tmp: `tmp/${name}_${version}_${1_500_000_000_000 + random(200_000_000_000)}_0.${random(1e9)}`,
      },
      _hasShrinkwrap: false,
    },
  }
}

/** Mostly the same from version to version, a few of the ranges different. */
function some(count: number, random: (below: number) => number): Record<string, string> {
  const chosen: Record<string, string> = {}
  for (let at = 0; at < count; at++) {
    const word = wordList[at % wordList.length] ?? 'word'
    const minor = random(8) === 0 ? random(30) : at % 30
    chosen[`@scope${Math.floor(at / wordList.length)}/${word}-${word}`] = `^${at % 12}.${minor}.0`
  }
  return chosen
}

const people = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ name: `keeper${at}`, email: `keeper${at}@mail.example` }))

/** A seeded generator: equal seeds give equal draws. */
function draws(seed: string): (below: number) => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const dateOf = (day: number) => new Date(Date.UTC(2015, 0, 1) + day * 86_400_000).toISOString()
const base64Of = (seed: string, bytes: number) => Buffer.from(noise(seed, bytes)).toString('base64')
const hexOf = (seed: string, bytes: number) => Buffer.from(noise(seed, bytes)).toString('hex')
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))
