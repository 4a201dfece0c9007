/** Names in canonical form, with the compact form (RFC 3261 §7.3.3 and the registry) where there is one. */
const KNOWN: readonly (readonly [canonical: string, compact?: string])[] = [
  ['Accept'],
  ['Accept-Contact', 'a'],
  ['Accept-Encoding'],
  ['Accept-Language'],
  ['Alert-Info'],
  ['Allow'],
  ['Allow-Events', 'u'],
  ['Authentication-Info'],
  ['Authorization'],
  ['Call-ID', 'i'],
  ['Call-Info'],
  ['Contact', 'm'],
  ['Content-Disposition'],
  ['Content-Encoding', 'e'],
  ['Content-Language'],
  ['Content-Length', 'l'],
  ['Content-Type', 'c'],
  ['CSeq'],
  ['Date'],
  ['Diversion'],
  ['Error-Info'],
  ['Event', 'o'],
  ['Expires'],
  ['From', 'f'],
  ['History-Info'],
  ['Identity', 'y'],
  ['In-Reply-To'],
  ['Max-Forwards'],
  ['MIME-Version'],
  ['Min-Expires'],
  ['Min-SE'],
  ['Organization'],
  ['P-Asserted-Identity'],
  ['P-Preferred-Identity'],
  ['Path'],
  ['Priority'],
  ['Privacy'],
  ['Proxy-Authenticate'],
  ['Proxy-Authorization'],
  ['Proxy-Require'],
  ['RAck'],
  ['Reason'],
  ['Record-Route'],
  ['Refer-To', 'r'],
  ['Referred-By', 'b'],
  ['Reject-Contact', 'j'],
  ['Remote-Party-ID'],
  ['Replaces'],
  ['Reply-To'],
  ['Request-Disposition', 'd'],
  ['Require'],
  ['Retry-After'],
  ['Route'],
  ['RSeq'],
  ['Server'],
  ['Service-Route'],
  ['Session-Expires', 'x'],
  ['SIP-ETag'],
  ['SIP-If-Match'],
  ['Subject', 's'],
  ['Subscription-State'],
  ['Supported', 'k'],
  ['Timestamp'],
  ['To', 't'],
  ['Unsupported'],
  ['User-Agent'],
  ['Via', 'v'],
  ['Warning'],
  ['WWW-Authenticate'],
]

/** Headers whose grammar is a comma-separated list, so that one line may hold several values (RFC 3261 §7.3.1). */
export const LIST_HEADERS: ReadonlySet<string> = new Set([
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Call-Info',
  'Contact',
  'Content-Encoding',
  'Content-Language',
  'Diversion',
  'Error-Info',
  'History-Info',
  'In-Reply-To',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Path',
  'Proxy-Require',
  'Reason',
  'Record-Route',
  'Reject-Contact',
  'Remote-Party-ID',
  'Request-Disposition',
  'Require',
  'Route',
  'Service-Route',
  'Supported',
  'Unsupported',
  'Via',
  'Warning',
])

/** Headers that decide about routing, matching or framing: a message that has one of them twice is refused. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'Call-ID',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Event',
  'Expires',
  'From',
  'Max-Forwards',
  'Min-Expires',
  'Min-SE',
  'RAck',
  'Refer-To',
  'Referred-By',
  'Replaces',
  'RSeq',
  'Session-Expires',
  'To',
])

/** Largest value of each header that is a plain number. */
const LARGEST: ReadonlyMap<string, number> = new Map([
  ['Content-Length', 65_535],
  ['Max-Forwards', 255],
  ['Expires', 2 ** 32 - 1],
  ['Min-Expires', 2 ** 32 - 1],
  ['RSeq', 2 ** 32 - 1],
])

/** What the parser knows about a header by its name. */
export interface HeaderKind {
  readonly name: string
  /** A bit of its own for each header that may be there only once; 0 for the others. */
  readonly singleBit: number
  /** Set for a header that is a plain number. */
  readonly largest: number | undefined
}

/** Spellings that need no work: canonical, lower-case and compact ones. Never grows, whatever the network sends. */
const KIND_BY_SPELLING = new Map<string, HeaderKind>(
  KNOWN.flatMap(([name, compact]) => {
    const singleBit = SINGLE_HEADERS.has(name) ? 1 << [...SINGLE_HEADERS].indexOf(name) : 0
    const kind = { name, singleBit, largest: LARGEST.get(name) }
    return [name, name.toLowerCase(), ...(compact ? [compact, compact.toUpperCase()] : [])].map(
      (spelling) => [spelling, kind] as const,
    )
  }),
)

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/

/** What is known of a header, by any spelling of its name. Undefined unless it is a token. */
export function headerKind(name: string): HeaderKind | undefined {
  const known = KIND_BY_SPELLING.get(name) ?? KIND_BY_SPELLING.get(name.toLowerCase())
  if (known !== undefined) return known
  if (!TOKEN.test(name)) return undefined
  const canonical = name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
  return { name: canonical, singleBit: 0, largest: undefined }
}

/** Canonical long form of a header name: `v` → `Via`, `x-custom-id` → `X-Custom-Id`. Undefined unless it is a token. */
export function canonicalHeaderName(name: string): string | undefined {
  return headerKind(name)?.name
}
