import { join } from 'node:path'
import type { Machine } from './setting.ts'

/** Where this platform keeps an application's data. XDG Base Directory Specification 0.8 outside macOS and Windows. */
export function dataFolder({ platform, env, home }: Machine): string {
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'posthaste')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'posthaste')
  return join(absolute(env.XDG_DATA_HOME) ?? join(home, '.local', 'share'), 'posthaste')
}

/** Where this platform keeps a user's settings. */
export function configFolder({ platform, env, home }: Machine): string {
  if (platform === 'win32') return join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'posthaste')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'posthaste')
  return join(absolute(env.XDG_CONFIG_HOME) ?? join(home, '.config'), 'posthaste')
}

/** "All paths set in these environment variables must be absolute"; a relative one is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined
}
