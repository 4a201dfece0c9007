import type { Connection, MediaDescription, SdpAttribute, SessionDescription } from './session-description.ts'

/** Writes a session description with CRLF line ends (RFC 8866 §5). Values come from the parser or from us: none has a line end. */
export function serializeSessionDescription(session: SessionDescription): string {
  const { origin, sessionName, connection, timing, attributes, media } = session
  const { username, sessionId, sessionVersion, addressType, address } = origin
  const lines = [
    'v=0',
    `o=${username} ${sessionId} ${sessionVersion} IN ${addressType} ${address}`,
    `s=${sessionName}`,
    ...connectionLines(connection),
    `t=${timing}`,
    ...attributes.map(attributeLine),
    ...media.flatMap(mediaLines),
  ]
  return `${lines.join('\r\n')}\r\n`
}

function mediaLines({ media, port, protocol, formats, connection, attributes }: MediaDescription): string[] {
  return [
    `m=${media} ${port} ${protocol} ${formats.join(' ')}`,
    ...connectionLines(connection),
    ...attributes.map(attributeLine),
  ]
}

const connectionLines = (connection: Connection | undefined) =>
  connection ? [`c=IN ${connection.addressType} ${connection.address}`] : []

const attributeLine = ({ name, value }: SdpAttribute) =>
  value === undefined ? `a=${name}` : `a=${name}:${value}`
