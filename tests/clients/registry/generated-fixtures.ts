import { npmTree, pypiTree } from '../../../lab/fake-registry-packages.ts'
import type { Fixture } from './fixture.ts'

/** Some packages, made on the spot. */
export const smallNpm: Fixture = npmFixture('small', 6)
export const smallPypi: Fixture = pypiFixture('small', 4)

function npmFixture(title: string, count: number): Fixture {
  const { packages, requires } = npmTree(count)
  const name = 'lab-part-1'
  const version = packages.find((one) => one.name === name)?.versions[1]
  const victim = { name, file: `${name}-1.1.0.tgz`, bytes: version?.tarball ?? new Uint8Array() }
  return { title: `generated, ${title}`, ecosystem: 'npm', packages, requires, victim }
}

function pypiFixture(title: string, count: number): Fixture {
  const { packages, requires } = pypiTree(count)
  const name = 'lab-part-1'
  const file = packages.find((one) => one.name === name)?.files[1]
  const victim = { name, file: file?.filename ?? '', bytes: file?.bytes ?? new Uint8Array() }
  return { title: `generated, ${title}`, ecosystem: 'pypi', packages, requires, victim }
}
