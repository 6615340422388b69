import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NpmPackage, NpmVersion } from '../../../lab/fake-registry-npm.ts'
import type { PypiProject } from '../../../lab/fake-registry-pypi.ts'
import npmIndex from '../fixtures/npm/index.json'
import pypiIndex from '../fixtures/pypi/index.json'
import type { Fixture } from './fixture.ts'

const fixtures = join(import.meta.dirname, '..', 'fixtures')

/** Real packages as `scripts/record-registry.ts` keeps them, with the registry's own signatures and keys. */
export async function recordedNpm(): Promise<Fixture> {
  const packages = await Promise.all(
    npmIndex.packages.map(async ({ name, versions }): Promise<NpmPackage> => {
      const read = versions.map(async ({ manifest, dist, file }): Promise<NpmVersion> => {
        return { manifest, dist, tarball: await readFile(join(fixtures, 'npm', file)) }
      })
      return { name, versions: (await Promise.all(read)).sort(byVersion) }
    }),
  )
  const [version] = packages.find(({ name }) => name === 'is-number')?.versions ?? []
  if (version === undefined) throw new Error('the recorded packages lack is-number')
  const { name, version: number } = version.manifest
  return {
    title: 'recorded, mid',
    ecosystem: 'npm',
    packages,
    keys: npmIndex.keys,
    requires: npmIndex.requires,
    victim: { name, file: `${name}-${number}.tgz`, bytes: version.tarball },
  }
}

export async function recordedPypi(): Promise<Fixture> {
  const packages = await Promise.all(
    pypiIndex.projects.map(async ({ name, version, file, requiresPython }): Promise<PypiProject> => {
      const path = join(fixtures, 'pypi', file)
      const [bytes, metadata] = await Promise.all([readFile(path), readFile(`${path}.metadata`)])
      const more = requiresPython === undefined ? {} : { requiresPython }
      return { name, files: [{ filename: file, version, bytes, metadata, ...more }] }
    }),
  )
  const found = packages.find((one) => one.name === 'hpack')
  const [file] = found?.files ?? []
  if (found === undefined || file === undefined) throw new Error('the recorded wheels lack hpack')
  const victim = { name: found.name, file: file.filename, bytes: file.bytes }
  return { title: 'recorded, mid', ecosystem: 'pypi', packages, requires: pypiIndex.requires, victim }
}

function byVersion(a: NpmVersion, b: NpmVersion): number {
  return Bun.semver.order(a.manifest.version, b.manifest.version)
}
