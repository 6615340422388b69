/** Content-Range of a 206 (RFC 9110 14.4); undefined when it is missing, broken or of unknown total. */
export function contentRange(
  value: string | undefined,
): { readonly firstByte: number; readonly lastByte: number; readonly sizeBytes: number } | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(value ?? '')
  if (match === null) return undefined
  const [firstByte = 0, lastByte = 0, sizeBytes = 0] = match.slice(1).map(Number)
  if (firstByte > lastByte || lastByte !== sizeBytes - 1) return undefined
  return { firstByte, lastByte, sizeBytes }
}
