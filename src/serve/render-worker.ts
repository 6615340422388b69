import { runRenderProgram } from '../views/run-render-program.ts'

runRenderProgram({
  transforms: {},
  checks: {},
})
