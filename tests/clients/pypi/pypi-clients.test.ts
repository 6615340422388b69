import { clientSuite } from '../registry/client-suite.ts'
import { midPypi, smallPypi } from '../registry/generated-fixtures.ts'
import { pypiClients } from './pypi-clients.ts'

await clientSuite(pypiClients, [smallPypi, midPypi])
