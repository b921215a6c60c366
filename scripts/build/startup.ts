/**
 * Finds instructions that not every processor of x64 has in places that run on every processor. A library crashes while it is opened
 * when a static initialiser was compiled for AVX-512, and may crash anywhere when an inline function that two units share was.
 *
 * @module
 */
import { basename } from "node:path";
import { run } from "./run.ts";

const missing = "objdump is needed: `apt install binutils`";
const read = (how: readonly string[], path: string) => run(["objdump", ...how, path], missing);
/** A line for each instruction, however long. */
const disassembled = ["-d", "--insn-width=16"];

interface Instruction {
  section: string;
  /** Of which function, where the file still names them. */
  name: string;
  raised: boolean;
  /** Where a direct jump or call leads. */
  leads: number | undefined;
  /** Nothing runs on into what follows. */
  last: boolean;
}

/** AVX, AVX-512, FMA, BMI and AMX are coded by prefixes that nothing older has: C4, C5 or 62, behind older prefixes at most. */
const raised = (bytes: string) =>
  /^((2e|36|3e|26|64|65|66|67|f2|f3|f0) )*(c4|c5|62) /.test(`${bytes.trim()} `);

/** All instructions by their place. In an object, sections share places: the last one is meant where they are followed. */
function* instructions(text: string): Generator<[number, Instruction]> {
  let [section, name] = ["", ""];
  for (const line of text.split("\n")) {
    const heading = /^Disassembly of section (.+):$/.exec(line);
    if (heading) section = heading[1]!;
    const symbol = /^[0-9a-f]+ <(.+)>:$/.exec(line);
    if (symbol) name = symbol[1]!;
    const [place, bytes, words] = line.split("\t");
    if (words === undefined || !/^ *[0-9a-f]+:$/.test(place!)) continue;
    const leads = /^(?:bnd |notrack )*(?:j\w+|call\w*) +([0-9a-f]+)(?: |$)/.exec(words)?.[1];
    yield [
      Number.parseInt(place!, 16),
      {
        section,
        name,
        raised: raised(bytes!),
        leads: leads === undefined ? undefined : Number.parseInt(leads, 16),
        last: /^(?:bnd |notrack |rep[z]? )*(?:ret|jmp|ud2|hlt)/.test(words),
      },
    ];
  }
}

/** What is wrong with what a library does when it is opened, and whatever that calls in the library itself. */
export async function startupFaults(library: string): Promise<string[]> {
  const [text, code] = await Promise.all([read(["-h", "-R"], library), read(disassembled, library)]);
  const list = [...instructions(code)];
  const at = new Map(list.map(([place], index) => [place, index]));
  const table = /^ *\d+ \.init_array +([0-9a-f]+) +([0-9a-f]+)/m.exec(text);
  if (!table) return [];
  const [size, start] = [Number.parseInt(table[1]!, 16), Number.parseInt(table[2]!, 16)];
  const begun = [...text.matchAll(/^([0-9a-f]+) R_X86_64_RELATIVE +\*ABS\*\+0x([0-9a-f]+)/gm)]
    .map(([, slot, function_]) => [Number.parseInt(slot!, 16), Number.parseInt(function_!, 16)] as const)
    .filter(([slot]) => slot >= start && slot < start + size)
    .map(([, place]) => place);
  if (begun.length * 8 !== size)
    throw new Error(`${basename(library)}: its start-up table is not understood`);
  const seen = new Set<number>();
  const faults = new Set<string>();
  for (const first of begun) {
    const waiting = [first];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop())
      for (let index = at.get(place); index !== undefined && index < list.length; index++) {
        if (seen.has(index)) break;
        seen.add(index);
        const [where, { raised, leads, last }] = list[index]!;
        if (raised)
          faults.add(
            `${basename(library)} runs an instruction of some processors when it is opened: at ${where.toString(16)}, from ${first.toString(16)}`,
          );
        if (leads !== undefined) waiting.push(leads);
        if (last) break;
      }
  }
  return [...faults];
}

/** What is wrong with an object. A unit that raises the instruction set may use it in functions of its own, which are chosen by hand. */
export async function objectFaults(object: string, mayRaise: boolean): Promise<string[]> {
  const own = /^\.text(\.(hot|unlikely|exit))?$/;
  const found = new Set<string>();
  for (const [, { section, name, raised }] of instructions(await read(disassembled, object)))
    if (raised && !(mayRaise && own.test(section)))
      found.add(
        `${basename(object).replace(/-\w+\.o$/, "")} uses instructions of some processors in ${name}, which runs on all`,
      );
  return [...found];
}
