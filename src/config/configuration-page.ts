import { schema, settings } from './schema.ts'
import { isSetting, type NamedSetting, type Setting } from './setting.ts'
import { showValue } from './show-value.ts'

const intro = `# Configuration

<!-- Generated from src/config/schema.ts by \`npm run docs\`. -->

Posthaste runs without any configuration: it takes what your toolchain says. What you set wins in this order:

1. flags (\`--listen 0.0.0.0:7678\`),
2. variables (\`POSTHASTE_LISTEN=0.0.0.0:7678\`; an empty one counts as not set),
3. one YAML file: \`--config FILE\` or \`POSTHASTE_CONFIG\`, else \`posthaste.yaml\` in the working folder, else
   \`posthaste/posthaste.yaml\` in the platform's configuration folder (\`~/.config\`, \`~/Library/Application Support\`, \`%APPDATA%\`),
4. what was found on the machine (\`go env\`),
5. the defaults below.

\`posthaste config print\` shows every value and where it came from, \`posthaste config check\` names every mistake with its
file, line and column, and \`posthaste config schema\` prints the JSON Schema (also in
[configuration.schema.json](configuration.schema.json)). For completion and checks in an editor, start the file with
\`# yaml-language-server: $schema=PATH/TO/configuration.schema.json\`.

\`SIGHUP\` or a changed file makes a running server read everything again. It says what changed; when something is
wrong it says so and keeps the old settings. What is marked "needs a restart" waits for one.

Names that end in \`Ms\` are durations: \`250ms\`, \`30s\`, \`5m\`, \`1h30m\`, \`7d\`, or a number of milliseconds. Names that end
in \`Bytes\` are sizes: \`20GiB\` (1024), \`20GB\` (1000), or a number of bytes. Lists are YAML lists, or one text with commas.
In a variable, \`[]\` is the empty list, and a map is written in one line as JSON or YAML. Relative paths start at the file's
folder, \`~/\` is the home folder. Secrets have no flag, since command lines are visible to all.

\`\`\`yaml
listen: 0.0.0.0:7678
cache:
  maxBytes: 100GiB
go:
  upstream: https://goproxy.cn|https://goproxy.io,direct
  private: ["*.corp.example", "github.com/acme/*"]
\`\`\`
`

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const titles = Object.entries(schema).map(([name, node]) => (isSetting(node) ? undefined : name))
  const groups = [undefined, ...titles.filter((name) => name !== undefined)]
  const sections = groups.map((group) => {
    const members = settings.filter(
      ({ key }) => (key.includes('.') ? key.split('.')[0] : undefined) === group,
    )
    return [`## ${group === undefined ? 'General' : `\`${group}\``}\n`, ...members.map(describe)].join('\n')
  })
  return [intro, ...sections].join('\n')
}

function describe({ key, variable, flag, setting }: NamedSetting): string {
  const facts = [
    `\`${variable}\``,
    flag === undefined ? 'no flag' : `\`--${flag}\``,
    setting.kind.name,
    `default ${showDefault(setting)}`,
    `example \`${setting.example}\``,
    ...(setting.secret ? ['secret'] : []),
    ...(setting.needsRestart ? ['needs a restart'] : []),
  ]
  return `### \`${key}\`\n\n${setting.summary}\n\n${facts.join(' · ')}\n`
}

function showDefault(setting: Setting<unknown>): string {
  const { fallback } = setting
  if ('sameAs' in fallback) return `as \`${fallback.sameAs}\``
  if ('compute' in fallback) return fallback.text
  const shown = showValue(setting, fallback.value)
  if (shown === null) return 'not set'
  if (typeof shown === 'object') return 'empty'
  return `\`${shown}\``
}
