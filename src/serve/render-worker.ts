import { npmChecks, npmTransforms } from '../ecosystems/npm/npm-transforms.ts'
import { pypiChecks, pypiTransforms } from '../ecosystems/pypi/pypi-transforms.ts'
import { runRenderProgram } from '../views/run-render-program.ts'

runRenderProgram({
  transforms: { ...npmTransforms, ...pypiTransforms },
  checks: { ...npmChecks, ...pypiChecks },
})
