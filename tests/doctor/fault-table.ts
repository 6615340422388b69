import { clientFaults } from './client-faults.ts'
import { dnsFaults } from './dns-faults.ts'
import type { FaultRow } from './fault-row.ts'
import { httpFaults } from './http-faults.ts'
import { proxyFaults } from './proxy-faults.ts'
import { settingFaults } from './setting-faults.ts'
import { tcpFaults } from './tcp-faults.ts'
import { tlsFaults } from './tls-faults.ts'

/** By the layer that they hit; the order of docs/verdicts.md. */
export const faultGroups: Readonly<Record<string, readonly FaultRow[]>> = {
  Proxies: proxyFaults,
  Names: dnsFaults,
  Connections: tcpFaults,
  TLS: tlsFaults,
  Answers: httpFaults,
  "Clients' own settings": clientFaults,
  Settings: settingFaults,
}

export const faultTable: readonly FaultRow[] = Object.values(faultGroups).flat()
