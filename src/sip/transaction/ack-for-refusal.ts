import { headersOfCheckedEntries } from '../headers.ts'
import type { SipHeader, SipRequest, SipResponse } from '../message.ts'

const NO_BODY = Buffer.alloc(0)

/** The ACK that an INVITE's own transaction sends for a 3xx–6xx (RFC 3261 §17.1.1.3). */
export function createAckForRefusal(invite: SipRequest, response: SipResponse): SipRequest {
  const entries: SipHeader[] = []
  let hasVia = false
  for (const entry of invite.headers.entries) {
    switch (entry.name) {
      case 'Via':
        if (!hasVia) entries.push(entry)
        hasVia = true
        break
      case 'To':
        entries.push({ name: 'To', value: response.headers.get('To') ?? entry.value })
        break
      case 'CSeq':
        entries.push({ name: 'CSeq', value: entry.value.replace('INVITE', 'ACK') })
        break
      case 'From':
      case 'Call-ID':
      case 'Max-Forwards':
      case 'Route':
      case 'Authorization':
      case 'Proxy-Authorization':
      case 'User-Agent':
        entries.push(entry)
        break
    }
  }
  return {
    kind: 'request',
    method: 'ACK',
    uri: invite.uri,
    headers: headersOfCheckedEntries(entries),
    body: NO_BODY,
  }
}
