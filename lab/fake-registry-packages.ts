import { createHash } from 'node:crypto'
import type { NpmPackage, NpmVersion } from './fake-registry-npm.ts'
import type { PypiFile, PypiProject } from './fake-registry-pypi.ts'
import { writeTarball } from './fake-registry-tar.ts'
import { writeZip } from './zip-writer.ts'

type Requires = Readonly<Record<string, string>>

/** An npm version with an index.js of its own; `more` goes into its package.json. */
export function makeNpmVersion(
  name: string,
  version: string,
  requires: Requires = {},
  more: Readonly<Record<string, unknown>> = {},
): NpmVersion {
  const dependencies = Object.keys(requires).length === 0 ? {} : { dependencies: requires }
  const manifest = { name, version, main: 'index.js', license: 'MIT', ...dependencies, ...more }
  return {
    manifest,
    tarball: writeTarball({
      'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
      'index.js': `module.exports = ${JSON.stringify(`${name}@${version}`)}\n${filler(name, version)}`,
    }),
  }
}

/** A pure-Python wheel with one module; `requires` are requirement lines. */
export function makeWheel(name: string, version: string, requires: readonly string[] = []): PypiFile {
  const dist = name.replaceAll('-', '_')
  const info = `${dist}-${version}.dist-info`
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    'Requires-Python: >=3.8',
    ...requires.map((line) => `Requires-Dist: ${line}`),
  ].join('\n')
  const entries = [
    [`${dist}/__init__.py`, `version = ${JSON.stringify(version)}\n${pythonFiller(name, version)}`],
    [`${info}/METADATA`, `${metadata}\n`],
    [`${info}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
  ] as const
  const record = entries.map(
    ([path, text]) => `${path},sha256=${recordHash(text)},${Buffer.byteLength(text)}\n`,
  )
  return {
    filename: `${dist}-${version}-py3-none-any.whl`,
    version,
    metadata: Buffer.from(`${metadata}\n`),
    bytes: writeZip(
      [...entries, [`${info}/RECORD`, `${record.join('')}${info}/RECORD,,\n`] as const].map(
        ([path, text]) => ({
          name: path,
          bytes: Buffer.from(text),
        }),
      ),
    ),
  }
}

export interface GeneratedProject<T> {
  readonly packages: readonly T[]
  /** What the project itself asks for. */
  readonly requires: Requires
}

/**
 * `count` npm packages that need one another, with what real trees have: scopes, several versions, a pre-release
 * that must not be taken, two majors of one package side by side, peers, a bin, and an optional package for
 * another system.
 */
export function npmTree(count: number): GeneratedProject<NpmPackage> {
  const nameOf = (index: number) => (index % 7 === 3 ? `@lab/part-${index}` : `lab-part-${index}`)
  const packages = Array.from({ length: count }, (_, index): NpmPackage => {
    const name = nameOf(index)
    const needs = [2 * index + 1, 2 * index + 2, 3 * index + 5].filter((other) => other < count)
    const requires = Object.fromEntries(needs.map((other) => [nameOf(other), '^1.0.0']))
    const more = {
      ...(index % 5 === 1 && { bin: { [`lab-${index}`]: 'index.js' } }),
      ...(index % 6 === 2 && { engines: { node: '>=14' }, deprecated: `use ${nameOf(index - 1)}` }),
      ...(index === 1 && { optionalDependencies: { 'lab-elsewhere': '1.0.0' } }),
      ...(index === 2 && { peerDependencies: { [nameOf(1)]: '>=1.0.0' } }),
    }
    const versions = ['1.0.0', '1.1.0', '2.0.0-rc.1'].map((version) =>
      makeNpmVersion(name, version, requires, more),
    )
    return { name, versions, distTags: { latest: '1.1.0', next: '2.0.0-rc.1' } }
  })
  const two = makeNpmVersion('lab-twice', '2.0.0')
  const extra: NpmPackage[] = [
    {
      name: 'lab-elsewhere',
      versions: [makeNpmVersion('lab-elsewhere', '1.0.0', {}, { os: ['no-such-os'] })],
    },
    { name: 'lab-twice', versions: [makeNpmVersion('lab-twice', '1.0.0'), two] },
    { name: 'lab-old', versions: [makeNpmVersion('lab-old', '1.0.0', { 'lab-twice': '^1.0.0' })] },
  ]
  const requires = { [nameOf(0)]: '^1.0.0', 'lab-twice': '^2.0.0', 'lab-old': '1.0.0' }
  return { packages: [...packages, ...extra], requires }
}

/** `count` Python projects that need one another, with several versions each, one of them yanked. */
export function pypiTree(count: number): GeneratedProject<PypiProject> {
  const nameOf = (index: number) => (index % 4 === 1 ? `lab-part-${index}` : `labpart${index}`)
  const packages = Array.from({ length: count }, (_, index): PypiProject => {
    const name = nameOf(index)
    const needs = [2 * index + 1, 2 * index + 2].filter((other) => other < count)
    const requires = needs.map((other) => `${nameOf(other)} >=1.0,<2`)
    const markers = index === 0 ? ['never-there ; sys_platform == "no-such-platform"'] : []
    const files = ['1.0', '1.1', '1.2', '2.0'].map((version) => ({
      ...makeWheel(name, version, [...requires, ...markers]),
      ...(version === '1.2' && { yanked: 'broken' }),
    }))
    return { name, files }
  })
  return {
    packages: [...packages, { name: 'never-there', files: [makeWheel('never-there', '1.0')] }],
    requires: { [nameOf(0)]: '>=1.0,<2' },
  }
}

function recordHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Some kilobytes that do not compress away, the same on every run. */
function filler(name: string, version: string): string {
  const lines = Array.from({ length: 40 }, (_, index) =>
    createHash('sha512').update(`${name}@${version}:${index}`).digest('hex'),
  )
  return lines.map((line) => `// ${line}\n`).join('')
}

function pythonFiller(name: string, version: string): string {
  return filler(name, version).replaceAll('//', '#')
}
