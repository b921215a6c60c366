import { join } from "node:path";
import type { Command } from "commander";
import type { Connection } from "../../fleet/connect.ts";
import type { Member } from "../../fleet/members.ts";
import { flagsFrom, settingFlags } from "../../settings/document.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { table } from "../output/table.ts";
import { filesWays, importDirectory, missingFiles, missingText } from "./fleet-files.ts";

/** The settings that lead to the database. */
const ways = ["fleet_url", "fleet_password_file", "fleet_ca_file", "allow_insecure_fleet"];
/** Seconds for which a machine that is gone still shows. */
const shownFor = 3600;
const askEvery = 300;

/** Commands over the database of a fleet. None needs a running server. */
export function registerFleet(program: Command, context: CommandContext): void {
  const fleet = program
    .command("fleet")
    .description("set up and look after several machines that work as one server");
  const add = (name: string, description: string, settings: readonly string[] = ways) => {
    const command = fleet.command(name).description(description);
    for (const { setting, option, help } of settingFlags())
      if (settings.includes(setting)) command.option(option, help);
    return command;
  };
  add("init", "make easel's tables in the database, as its owner").action(async (options) => {
    await using database = await open(context, options);
    const { initialize } = await import("../../fleet/migrate.ts");
    const { from, to } = await initialize(database);
    context.out(
      from === 0
        ? `The database has easel's tables now (version ${to}). Machines connect as easel_node.`
        : `The database has easel's tables already (version ${from}). The rights of easel_node were given again.`,
    );
  });
  add("migrate", "bring the tables to this version of easel, as the owner; running machines go on").action(
    async (options) => {
      await using database = await open(context, options);
      const { migrate } = await import("../../fleet/migrate.ts");
      const { from, to } = await migrate(database);
      context.out(
        from === to ? `The tables are at version ${to}.` : `The tables went from version ${from} to ${to}.`,
      );
    },
  );
  add("status", "list the machines, their models and what they run", [...ways, ...filesWays])
    .option("--json", "print JSON")
    .option("--files", "list files whose bytes are missing, too")
    .action(async ({ json, files, ...options }: Record<string, unknown>) => {
      await using database = await open(context, options);
      const status = await statusOf(database);
      const settings = () => context.loaded(flagsFrom(options)).settings;
      const missing = files ? await missingFiles(database, settings()) : undefined;
      if (json) return context.out(JSON.stringify({ ...status, missing_files: missing }, null, 2));
      context.out([statusText(status), ...(missing ? [missingText(missing)] : [])].join("\n"));
    });
  add("import <data-dir>", "copy the files and ended jobs of a single machine into the fleet", [
    ...ways,
    ...filesWays,
  ])
    .option("--files <folder>", "folder of the files, if it is not in the data directory")
    .action(async (dataDir: string, { files, ...options }: Record<string, unknown>) => {
      await using database = await open(context, options);
      await (await import("../../fleet/migrate.ts")).requireSchema(database);
      const filesRoot = typeof files === "string" ? files : join(dataDir, "files");
      const { settings } = context.loaded(flagsFrom(options));
      await importDirectory(database, settings, { dataDir, filesRoot }, context);
    });
  add("drain <machine>", "let a machine finish what it runs and take no more jobs, until it starts again")
    .option("--undo", "let it take jobs again")
    .option("--no-wait", "do not wait until it is idle")
    .action(async (name: string, { undo, wait, ...options }: Record<string, unknown>) => {
      await using database = await open(context, options);
      await drain(database, name, { undo: undo === true, wait: wait !== false, context });
    });
}

/** The database of the settings, whose tables are not looked at. */
async function open(context: CommandContext, options: Record<string, unknown>): Promise<Connection> {
  const { openConnection } = await import("../../fleet/open.ts");
  return openConnection(context.loaded(flagsFrom(options)).settings);
}

interface FleetStatus {
  nodes: {
    name: string;
    id: string;
    role: string;
    version: string;
    state: string;
    device: string | null;
    budget_gb: number;
    models: string[];
    running: string[];
  }[];
  queued: number;
  running: number;
  problems: string[];
}

async function statusOf(database: Connection): Promise<FleetStatus> {
  const [{ requireSchema }, { differences, membersOf }] = await Promise.all([
    import("../../fleet/migrate.ts"),
    import("../../fleet/members.ts"),
  ]);
  await requireSchema(database);
  const members = await membersOf(database.durable, shownFor);
  const [counts] = await database.durable.run(
    (sql) => sql`
      SELECT count(*) FILTER (WHERE status = 'queued')::int AS queued, count(*) FILTER (WHERE status = 'running')::int AS running
      FROM jobs WHERE status IN ('queued', 'running')`,
  );
  return {
    nodes: members.map((member) => ({
      name: member.name,
      id: member.id,
      role: member.role,
      version: member.version,
      state: stateWord(member),
      device: member.state.device,
      budget_gb: Math.round((member.state.budget / 2 ** 30) * 10) / 10,
      models: Object.keys(member.state.variants).sort(),
      running: member.state.running,
    })),
    ...counts,
    problems: differences(members),
  };
}

function stateWord({ overdue, draining, state }: Member): string {
  if (overdue >= 0) return `${state.left ? "stopped" : "lost"} for ${Math.round(overdue)} s`;
  if (draining) return state.running.length > 0 ? "draining" : "drained";
  return state.ready ? "ready" : "starting";
}

function statusText({ nodes, queued, running, problems }: FleetStatus): string {
  if (nodes.length === 0) return "No machine is in the fleet. Start one with: easel run --fleet URL";
  const rows = nodes.map((node) => [
    node.name,
    node.role,
    node.state,
    node.version,
    node.device ?? "-",
    node.role === "api" ? "-" : `${node.budget_gb} GB`,
    node.models.join(", ") || "-",
    node.running.join(", ") || "-",
  ]);
  const head = ["Machine", "Role", "State", "Version", "Device", "Budget", "Models", "Running"];
  return [
    table([head, ...rows]),
    `Jobs: ${queued} waiting, ${running} running`,
    ...problems.map((problem) => `Warning: ${problem}`),
  ].join("\n");
}

interface Drain {
  undo: boolean;
  wait: boolean;
  context: CommandContext;
}

async function drain(database: Connection, name: string, { undo, wait, context }: Drain): Promise<void> {
  const [{ isAlive, membersOf }, { tellNode }] = await Promise.all([
    import("../../fleet/members.ts"),
    import("../../fleet/orders.ts"),
  ]);
  const find = async () =>
    (await membersOf(database.durable, 0)).find((member) => member.name === name && isAlive(member));
  const member = await find();
  if (!member) {
    const names = (await membersOf(database.durable, 0)).map((each) => each.name);
    throw new CommandError(
      `No machine named ${name} is in the fleet. ${names.length > 0 ? `There are: ${names.join(", ")}` : "There is none"}`,
      exitCodes.usage,
    );
  }
  await database.durable.run(
    (sql) => sql`UPDATE nodes SET draining = ${!undo} WHERE id = ${member.id}::uuid`,
  );
  await tellNode(database, member.id);
  if (undo) return context.out(`${name} takes jobs again.`);
  if (!wait) return context.out(`${name} takes no more jobs.`);
  for (let now: Member | undefined = member; ; now = await find()) {
    if (!now || now.id !== member.id) throw new CommandError(`${name} left the fleet`);
    if (now.state.draining && now.state.running.length === 0) break;
    context.signal.throwIfAborted();
    await Bun.sleep(askEvery);
  }
  context.out(`${name} is idle and takes no more jobs.`);
}
