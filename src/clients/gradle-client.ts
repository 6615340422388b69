import { join } from 'node:path'
import { type Client, impossible, isRemoteHttp, type Layer, type Plan } from './client.ts'
import { editing } from './editing.ts'
import { builtIn, fileLayer, plainHttp } from './file-layer.ts'
import { SettingsFileError } from './file-text.ts'
import { installed, type Machine } from './machine.ts'

const MARK = "// Written by 'posthaste setup gradle'; 'posthaste setup gradle --undo' takes it away."

/**
 * An init script of our own, which leads Maven Central, wherever a build names it, to the relay. Other repositories
 * stay, so builds with FAIL_ON_PROJECT_REPOS work too (Gradle user manual, initialization scripts).
 */
export const gradleClient: Client = {
  id: 'gradle',
  title: 'Gradle',
  ecosystem: 'maven',
  path: '/maven',
  setting: 'init script',
  scopes: ['user'],
  locks: [],

  detect: (machine) => installed(machine, 'gradle'),

  async read(machine): Promise<readonly Layer[]> {
    return [await fileLayer(machine, 'user', scriptFile(machine), address), builtIn('Gradle')]
  },

  async plan(machine, _presence, wanted): Promise<Plan> {
    if (wanted.scope === 'project') {
      const hint = 'use --scope user, or name the repository in settings.gradle'
      return impossible("a project's repositories are its own build script", hint)
    }
    const value = `${wanted.address}/`
    return {
      possible: true,
      value,
      previous: undefined,
      edits: [
        { path: scriptFile(machine), keys: ['init script'], edit: editing((text) => ours(text, value)) },
      ],
      notes: [
        'it runs in every Gradle build of this user',
        'the wrapper fetches Gradle itself from distributionUrl, which stays',
        ...(isRemoteHttp(value) ? [plainHttp] : []),
      ],
    }
  },
}

function ours(text: string, value: string): string {
  if (text !== '' && !text.startsWith(MARK)) {
    throw new SettingsFileError('somebody else wrote it', 'give that file another name')
  }
  return initScript(value)
}

function address(text: string): string | undefined {
  return /^def posthaste = '([^']*)'/m.exec(text)?.[1]
}

function scriptFile({ env, home }: Machine): string {
  return join(env.GRADLE_USER_HOME || join(home, '.gradle'), 'init.d', 'posthaste.gradle')
}

function initScript(address: string): string {
  return `${MARK}
import org.gradle.util.GradleVersion

def posthaste = '${address.replaceAll(/['\\$]/g, (one) => `\\${one}`)}'

def lead = { repositories ->
  repositories.all { repository ->
    if (!(repository instanceof MavenArtifactRepository)) return
    if (repository.url.toString() != ArtifactRepositoryContainer.MAVEN_CENTRAL_URL) return
    repository.url = posthaste
    if (repository.hasProperty('allowInsecureProtocol')) repository.allowInsecureProtocol = true
  }
}

allprojects {
  lead(buildscript.repositories)
  lead(repositories)
}

if (GradleVersion.current() >= GradleVersion.version('6.8')) {
  gradle.beforeSettings { settings ->
    lead(settings.pluginManagement.repositories)
    lead(settings.dependencyResolutionManagement.repositories)
  }
}
`
}
