// What is under the lens and how it is looked at: the example, whose opinions, which target. No page, only choices.

import { firstChoice } from "./numbers.js";
import { furthest, read } from "./reading.js";

export class Lens {
  /** The example is a row of the stage, or a drawing and what it is `meant` to be (null: what its teacher sees). */
  row = null;
  meant = null;
  kind = "teacher";
  squared = true;
  logarithmic = false;
  students = [];
  teacher = "pad";
  stage = null;
  said = null;
  drawing = null;

  /** The arms whose students can be asked. */
  get arms() {
    return this.said?.arms ?? [];
  }

  arm(name) {
    return this.arms.find((arm) => arm.name === name);
  }

  /** Two students to begin with: the one with opinions and the one with labels, where no others were chosen. */
  pickStudents() {
    const names = this.arms.map(({ name }) => name);
    const usual = ["distilled", "control"].map((role) => this.arms.find((arm) => arm.role === role)?.name);
    const pick = (at) => (this.arm(this.students[at]) ? this.students[at] : (usual[at] ?? names[at] ?? names[0]));
    this.students = [pick(0), pick(1)];
  }

  /** Was the example heard by the students that are shown? */
  get heard() {
    return this.said?.heard.has(this.row) ?? false;
  }

  /** The example's logits from its teacher, its label, and what the chosen students say of it. */
  get example() {
    const teachers = this.drawing?.teachers ?? [];
    const teacher = teachers.find(({ name }) => name === this.teacher) ?? teachers[0];
    const drawing = teacher ? this.drawing : null; // where no teacher can be asked, the example stays
    const logits = teacher?.logits ?? this.stage.teacher_logits[this.row];
    const label = drawing ? (this.meant ?? firstChoice(logits)) : this.stage.labels[this.row];
    const students = this.students.map((name) => this.arm(name)).filter(Boolean);
    return {
      drawing,
      teachers,
      teacher,
      logits,
      label,
      seed: drawing ? 0 : this.row,
      students: students.map((arm) => ({ ...arm, logits: drawing ? drawing.arms[arm.name] : arm.of.get(this.row) })),
    };
  }

  /** Everything that can be read off it at these knobs. */
  read(knobs) {
    const { logits: teacher, label, students, seed } = this.example;
    return read({ kind: this.kind, squared: this.squared, teacher, label, students, seed, ...knobs });
  }

  /** The scale of the pushes, worked out once for an example, its student and its target. */
  furthest(temperature) {
    const { logits: teacher, label, students, seed } = this.example;
    const student = students[0]?.logits;
    if (!student) return 1;
    const now = this.kind === "hard" ? temperature : "";
    const key = [seed, label, this.kind, now, student, teacher].map(String).join("|");
    if (this.known !== key) {
      this.known = key;
      this.most = furthest({ teacher, label, student, kind: this.kind, seed, temperature });
    }
    return this.most;
  }
}
