/** What every process here inherits; the rest of the caller's environment stays out, so that it cannot change how a service runs. */
const inherited = [
  "PATH",
  "HOME",
  "USER",
  "LANG",
  "TZ",
  "TMPDIR",
  "SSL_CERT_FILE",
  "JAVA_HOME",
  "MAVEN_OPTS",
];

export function childEnvironment(own: Readonly<Record<string, string>> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of inherited) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...own };
}
