import { clientSuite } from '../registry/client-suite.ts'
import { smallPypi } from '../registry/generated-fixtures.ts'
import { recordedPypi } from '../registry/recorded-fixtures.ts'
import { pypiClient } from './pypi-clients.ts'

await clientSuite(pypiClient('poetry'), [smallPypi, await recordedPypi()])
