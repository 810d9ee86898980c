// The health check of a container: no shell, no curl. The port is the one argument.
const response = await fetch(`http://127.0.0.1:${process.argv[2]}/health/ready`).catch(() => undefined);
process.exit(response?.ok ? 0 : 1);

export {};
