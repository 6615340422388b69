import { runRenderProgram } from '../run-render-program.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Transforms that do one thing each, for tests of those who run them. */
runRenderProgram({
  transforms: {
    *upper({ body, beside, params }) {
      yield encoder.encode(decoder.decode(body).toUpperCase())
      if (beside !== undefined) yield encoder.encode(` beside ${decoder.decode(beside)}`)
      if (params.tail !== undefined) yield encoder.encode(params.tail)
    },
    *repeat({ body, params }) {
      for (let count = 0; count < Number(params.times); count++) yield body
    },
    *refuse({ body }) {
      yield body
      throw new Error('byte 3 is no letter')
    },
    // biome-ignore lint/correctness/useYield: it never gets that far
    *die() {
      process.exit(3)
    },
    // biome-ignore lint/correctness/useYield: it never gets that far
    *hang() {
      for (;;);
    },
  },
  checks: {
    letters: (body) =>
      /^[a-z]+$/.test(decoder.decode(body))
        ? { verdict: 'sound' }
        : { verdict: 'wrong', reason: 'it holds more than letters' },
    broken: () => {
      throw new Error('byte 3 is no letter')
    },
  },
})
