/** What the renderer's program knows of npm. */

import type { Transform, Verdict } from '../ecosystem.ts'
import { abbreviatedView } from './abbreviated-view.ts'
import { distIndex } from './dist-index.ts'
import { distTagsView } from './dist-tags-view.ts'
import { edgesView } from './edges.ts'
import { fullView, manifestView } from './full-view.ts'
import { checkObject, checkPackument } from './packument-check.ts'

/** Those that tell us something of a packument; of a small one they do so at once. */
export const npmLightTransforms: Readonly<Record<string, Transform>> = {
  'npm.dist': distIndex,
  'npm.edges': edgesView,
}

export const npmTransforms: Readonly<Record<string, Transform>> = {
  'npm.full': fullView,
  'npm.abbreviated': abbreviatedView,
  'npm.version': manifestView,
  'npm.dist-tags': distTagsView,
  ...npmLightTransforms,
}

export const npmChecks: Readonly<
  Record<string, (body: Uint8Array, params: Readonly<Record<string, string>>) => Verdict>
> = {
  'npm.packument': checkPackument,
  'npm.object': checkObject,
}
