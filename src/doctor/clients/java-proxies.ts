import { scanXml, type XmlElement, xmlText } from '../../clients/scan-xml.ts'
import { lineNumber } from '../../clients/text-lines.ts'

export interface MavenProxy {
  /** May hold credentials. */
  readonly url: string
  readonly protocol: string
  /** As NO_PROXY has it. */
  readonly noProxy: string
  /** From 1. */
  readonly line: number
}

/**
 * The active `<proxy>` elements of Maven's settings.xml (Maven settings reference, proxies). Throws a SettingsFileError
 * for what is no XML.
 */
export function mavenProxies(text: string): readonly MavenProxy[] {
  const root = scanXml(text)
  const proxies = root?.children.find(({ name }) => name === 'proxies')?.children ?? []
  return proxies.flatMap((element): MavenProxy[] => {
    const said = (name: string) => xmlText(text, childCalled(element, name)) ?? ''
    if (element.name !== 'proxy' || said('active') === 'false' || said('host') === '') return []
    return [
      {
        url: proxyUrl({
          host: said('host'),
          port: said('port') || '8080',
          user: said('username'),
          password: said('password'),
        }),
        protocol: (said('protocol') || 'http').toLowerCase(),
        noProxy: noProxyOf(said('nonProxyHosts')),
        line: lineNumber(text, element.start),
      },
    ]
  })
}

/** Java names proxies by host and port; the connection to them is plain HTTP. */
export function proxyUrl(parts: {
  readonly host: string
  readonly port: string
  readonly user: string
  readonly password: string
}): string {
  const { host, port, user, password } = parts
  const who = user === '' ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`
  return `http://${who}${host}:${port}`
}

/** `localhost|*.corp.example|10.*` as NO_PROXY says it; patterns that it has no words for are left out. */
export function noProxyOf(nonProxyHosts: string): string {
  const entries = nonProxyHosts.split(/[|,]/).map((entry) => entry.trim())
  return entries
    .flatMap((entry) => {
      if (entry === '*' || !entry.includes('*')) return entry === '' ? [] : [entry]
      if (/^\*\.?[^*]+$/.test(entry)) return [entry.replace(/^\*\.?/, '.')]
      const numbers = /^((?:\d{1,3}\.){1,3})\*$/.exec(entry)?.[1]?.split('.').filter(Boolean)
      if (numbers === undefined) return []
      return [`${[...numbers, '0', '0', '0'].slice(0, 4).join('.')}/${numbers.length * 8}`]
    })
    .join(',')
}

function childCalled(element: XmlElement, wanted: string): XmlElement | undefined {
  return element.children.find(({ name }) => name === wanted)
}
