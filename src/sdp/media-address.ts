/** How an address may be used for RTP. */
export type MediaAddressKind =
  /** One host: media can be sent there. */
  | 'host'
  /** 0.0.0.0, ::, multicast, broadcast, reserved or translated: nothing is ever sent there. */
  | 'nobody'
  /** A name, or no address at all. */
  | 'name'

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/** Classifies the address of a c= line, so that nobody can point our audio at a crowd or at ourselves by a trick of spelling. */
export function classifyMediaAddress(address: string): MediaAddressKind {
  if (IPV4.test(address)) {
    const first = Number(address.split('.')[0])
    return first === 0 || first >= 224 ? 'nobody' : 'host'
  }
  if (!address.includes(':')) return 'name'
  // The URL parser is the only reader of IPv6 in plain JavaScript; it writes one spelling for each address.
  const canonical = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1)
  if (canonical === undefined) return 'name'
  // ff00::/8 is multicast; ::, ::127.0.0.1 and ::ffff:0:0/96 begin with two colons, as only ::1 may.
  return canonical.startsWith('ff') || (canonical.startsWith('::') && canonical !== '::1') ? 'nobody' : 'host'
}

/** The address type of a literal address. */
export function addressTypeOf(address: string): 'IP4' | 'IP6' {
  return address.includes(':') ? 'IP6' : 'IP4'
}
