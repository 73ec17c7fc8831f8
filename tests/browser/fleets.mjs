// Saved scans made of the demo's: thousands of hosts, and hosts that call themselves every nasty name of the corpus.
import { readFileSync, writeFileSync } from "node:fs";

const clone = (value) => JSON.parse(JSON.stringify(value));

// A history moved to another address and given another name, in everything that names it.
const moved = (entry, address, name) => {
  const own = entry.history.host.endpoint?.address;
  const known = new Set(entry.history.names.map((observed) => observed.name));
  const walk = (value) => {
    if (Array.isArray(value)) return value.map(walk);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
    }
    if (value === own) return address;
    return known.has(value) ? name : value;
  };
  return { ...clone(entry), history: walk(entry.history) };
};

const probed = (report) => report.hosts.filter((host) => host.history.host.endpoint);

/** The demo's hosts again and again, each with an address and a name of its own. */
export const many = (from, to, count) => {
  const report = JSON.parse(readFileSync(from, "utf8"));
  const models = probed(report);
  report.hosts = Array.from({ length: count }, (_, number) =>
    moved(
      models[number % models.length],
      `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
      `srv${String(number).padStart(5, "0")}.corp.example`,
    ),
  );
  writeFileSync(to, JSON.stringify(report));
};

/** One host per name of the corpus, which stands wherever a host can put text. */
export const hostile = (from, corpus, to) => {
  const report = JSON.parse(readFileSync(from, "utf8"));
  const names = readFileSync(corpus, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => JSON.parse(line));
  const model = report.hosts.find((host) => host.ntlm && host.certificate && host.findings.length > 1);
  report.hosts = names.map((name, number) => {
    const host = moved(model, `10.1.0.${number + 1}`, name);
    for (const attempt of host.history.attempts) {
      if (attempt.sni !== null) attempt.sni = name;
      if (attempt.ntlm) Object.assign(attempt.ntlm, { dns_computer: name, netbios_computer: name, dns_domain: name });
      if (!attempt.tls) continue;
      const key = number.toString(16).padStart(64, "0");
      report.certificates[key] = {
        ...clone(report.certificates[attempt.tls.chain[0]]),
        sha256: key,
        subject: `CN=${name}`,
        issuer: name,
        common_name: name,
        san_dns: [name],
        has_san: true,
      };
      attempt.tls = { ...attempt.tls, cipher: name, chain: [key], trust: { rejected: name } };
    }
    host.history.lookups.push({
      question: { addresses: name },
      resolver: "system",
      answer: { error: { detail: name } },
      duration_ms: 1,
    });
    return host;
  });
  const [first] = names.filter((name) => name.includes("<script>"));
  report.plan.targets = names;
  report.plan.version = first;
  report.notices = [{ socket_error: { detail: first, shortage: null } }];
  writeFileSync(to, JSON.stringify(report));
};
