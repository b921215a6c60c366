/**
 * Example images of the empty stage.
 *
 * @module
 */
import figure from "../examples/figure.jpg";
import flower from "../examples/flower.jpg";
import hills from "../examples/hills.jpg";
import room from "../examples/room.jpg";
import street from "../examples/street.jpg";
import table from "../examples/table.jpg";
import figureThumb from "../examples/thumbs/figure.jpg";
import flowerThumb from "../examples/thumbs/flower.jpg";
import hillsThumb from "../examples/thumbs/hills.jpg";
import roomThumb from "../examples/thumbs/room.jpg";
import streetThumb from "../examples/thumbs/street.jpg";
import tableThumb from "../examples/thumbs/table.jpg";

export default [
  { url: room, thumb: roomThumb, name: "room.jpg", title: "Room" },
  { url: table, thumb: tableThumb, name: "table.jpg", title: "Table" },
  { url: figure, thumb: figureThumb, name: "figure.jpg", title: "Figure" },
  { url: flower, thumb: flowerThumb, name: "flower.jpg", title: "Flower" },
  { url: hills, thumb: hillsThumb, name: "hills.jpg", title: "Hills" },
  { url: street, thumb: streetThumb, name: "street.jpg", title: "Street" },
];
