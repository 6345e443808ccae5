"""Extractors: one file a way of reading state from text.

Each part is loaded when it is first asked for: a program pays for what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from midtrace.lazy import lazily as _lazily

if TYPE_CHECKING:
    from ._expressions import Binary as Binary
    from ._expressions import Expression as Expression
    from ._expressions import Group as Group
    from ._expressions import Mixed as Mixed
    from ._expressions import Negative as Negative
    from ._expressions import Number as Number
    from ._expressions import Percent as Percent
    from ._expressions import Quantity as Quantity
    from ._expressions import Root as Root
    from ._expressions import subexpressions as subexpressions
    from ._term_language import TermError as TermError
    from ._term_language import parse_term as parse_term
    from ._terms import Apply as Apply
    from ._terms import Boolean as Boolean
    from ._terms import Choice as Choice
    from ._terms import Constant as Constant
    from ._terms import Integer as Integer
    from ._terms import Operator as Operator
    from ._terms import Real as Real
    from ._terms import Sort as Sort
    from ._terms import Term as Term
    from ._terms import Value as Value
    from ._terms import Variable as Variable
    from ._terms import equals as equals
    from ._terms import variables_of as variables_of
    from .algebra import AlgebraSteps as AlgebraSteps
    from .algebra import ClaimedAlgebra as ClaimedAlgebra
    from .answers import Answer as Answer
    from .answers import StatedAnswer as StatedAnswer
    from .arithmetic import ArithmeticClaim as ArithmeticClaim
    from .arithmetic import ArithmeticClaims as ArithmeticClaims
    from .arithmetic import ClaimedArithmetic as ClaimedArithmetic
    from .assignments import Assignments as Assignments
    from .assignments import Claim as Claim
    from .assignments import Claims as Claims
    from .bracketing import BracketClaims as BracketClaims
    from .bracketing import BracketSteps as BracketSteps
    from .code import Code as Code
    from .code import CodeBlocks as CodeBlocks
    from .code import PredictedOutputs as PredictedOutputs
    from .consistency import FactClaims as FactClaims
    from .consistency import StatedFacts as StatedFacts
    from .countdown import CountdownTrace as CountdownTrace
    from .countdown import CountdownWork as CountdownWork
    from .fork import Fork as Fork
    from .json_values import JsonObjects as JsonObjects
    from .json_values import JsonValue as JsonValue
    from .json_values import JsonValues as JsonValues
    from .knights_knaves import ClaimedRoles as ClaimedRoles
    from .knights_knaves import RoleClaims as RoleClaims
    from .lines import Line as Line
    from .lines import Lines as Lines
    from .lines import NumberedSteps as NumberedSteps
    from .lines import Step as Step
    from .lines import Steps as Steps
    from .lines import TextLines as TextLines
    from .logic_grid import Grid as Grid
    from .logic_grid import GridCell as GridCell
    from .logic_grid import GridCells as GridCells
    from .maze import ClaimedMaze as ClaimedMaze
    from .maze import MazeClaims as MazeClaims
    from .multistep_arithmetic import MultistepClaims as MultistepClaims
    from .multistep_arithmetic import MultistepSteps as MultistepSteps
    from .object_tracking import TrackingClaims as TrackingClaims
    from .object_tracking import TrackingSteps as TrackingSteps
    from .ordering import ClaimedOrder as ClaimedOrder
    from .ordering import OrderClaims as OrderClaims
    from .probes import BoxedAnswer as BoxedAnswer
    from .probes import Checkpoint as Checkpoint
    from .probes import Checkpoints as Checkpoints
    from .probes import Probe as Probe
    from .probes import Probes as Probes
    from .probes import StatedAnswers as StatedAnswers
    from .propositional import ClaimedFormulas as ClaimedFormulas
    from .propositional import FormulaClaims as FormulaClaims
    from .schedule import ScheduleSlots as ScheduleSlots
    from .schedule import Slot as Slot
    from .schedule import Slots as Slots
    from .sorting import SortingClaims as SortingClaims
    from .sorting import SortingSteps as SortingSteps
    from .spatial_relations import ClaimedPlaces as ClaimedPlaces
    from .spatial_relations import SpatialClaims as SpatialClaims
    from .tables import Cell as Cell
    from .tables import Row as Row
    from .tables import Rows as Rows
    from .tables import TableRows as TableRows
    from .tool_calls import ToolCall as ToolCall
    from .tool_calls import ToolCalls as ToolCalls
    from .tool_calls import ToolCallsInText as ToolCallsInText
    from .units import ClaimedUnits as ClaimedUnits
    from .units import UnitClaims as UnitClaims

_MODULES = {
    "ToolCallsInText": "tool_calls",
    "ToolCalls": "tool_calls",
    "ToolCall": "tool_calls",
    "Fork": "fork",
    "ClaimedUnits": "units",
    "UnitClaims": "units",
    "StatedFacts": "consistency",
    "FactClaims": "consistency",
    "ClaimedAlgebra": "algebra",
    "AlgebraSteps": "algebra",
    "Answer": "answers",
    "Apply": "_terms",
    "ArithmeticClaim": "arithmetic",
    "ArithmeticClaims": "arithmetic",
    "Assignments": "assignments",
    "Binary": "_expressions",
    "Boolean": "_terms",
    "BoxedAnswer": "probes",
    "BracketClaims": "bracketing",
    "BracketSteps": "bracketing",
    "Cell": "tables",
    "Checkpoint": "probes",
    "Checkpoints": "probes",
    "Choice": "_terms",
    "Claim": "assignments",
    "ClaimedArithmetic": "arithmetic",
    "ClaimedFormulas": "propositional",
    "ClaimedMaze": "maze",
    "ClaimedOrder": "ordering",
    "ClaimedPlaces": "spatial_relations",
    "ClaimedRoles": "knights_knaves",
    "Claims": "assignments",
    "Code": "code",
    "CodeBlocks": "code",
    "Constant": "_terms",
    "CountdownTrace": "countdown",
    "CountdownWork": "countdown",
    "Expression": "_expressions",
    "FormulaClaims": "propositional",
    "Grid": "logic_grid",
    "GridCell": "logic_grid",
    "GridCells": "logic_grid",
    "Group": "_expressions",
    "Integer": "_terms",
    "JsonObjects": "json_values",
    "JsonValue": "json_values",
    "JsonValues": "json_values",
    "Line": "lines",
    "Lines": "lines",
    "MazeClaims": "maze",
    "Mixed": "_expressions",
    "MultistepClaims": "multistep_arithmetic",
    "MultistepSteps": "multistep_arithmetic",
    "Negative": "_expressions",
    "Number": "_expressions",
    "NumberedSteps": "lines",
    "Operator": "_terms",
    "OrderClaims": "ordering",
    "Percent": "_expressions",
    "PredictedOutputs": "code",
    "Probe": "probes",
    "Probes": "probes",
    "Quantity": "_expressions",
    "Real": "_terms",
    "RoleClaims": "knights_knaves",
    "Root": "_expressions",
    "Row": "tables",
    "Rows": "tables",
    "ScheduleSlots": "schedule",
    "Slot": "schedule",
    "Slots": "schedule",
    "Sort": "_terms",
    "SortingClaims": "sorting",
    "SortingSteps": "sorting",
    "SpatialClaims": "spatial_relations",
    "StatedAnswer": "answers",
    "StatedAnswers": "probes",
    "Step": "lines",
    "Steps": "lines",
    "TableRows": "tables",
    "Term": "_terms",
    "TermError": "_term_language",
    "TextLines": "lines",
    "TrackingClaims": "object_tracking",
    "TrackingSteps": "object_tracking",
    "Value": "_terms",
    "Variable": "_terms",
    "equals": "_terms",
    "parse_term": "_term_language",
    "subexpressions": "_expressions",
    "variables_of": "_terms",
}

__all__ = [
    "AlgebraSteps",
    "Answer",
    "Apply",
    "ArithmeticClaim",
    "ArithmeticClaims",
    "Assignments",
    "Binary",
    "Boolean",
    "BoxedAnswer",
    "BracketClaims",
    "BracketSteps",
    "Cell",
    "Checkpoint",
    "Checkpoints",
    "Choice",
    "Claim",
    "ClaimedAlgebra",
    "ClaimedArithmetic",
    "ClaimedFormulas",
    "ClaimedMaze",
    "ClaimedOrder",
    "ClaimedPlaces",
    "ClaimedRoles",
    "ClaimedUnits",
    "Claims",
    "Code",
    "CodeBlocks",
    "Constant",
    "CountdownTrace",
    "CountdownWork",
    "Expression",
    "FactClaims",
    "Fork",
    "FormulaClaims",
    "Grid",
    "GridCell",
    "GridCells",
    "Group",
    "Integer",
    "JsonObjects",
    "JsonValue",
    "JsonValues",
    "Line",
    "Lines",
    "MazeClaims",
    "Mixed",
    "MultistepClaims",
    "MultistepSteps",
    "Negative",
    "Number",
    "NumberedSteps",
    "Operator",
    "OrderClaims",
    "Percent",
    "PredictedOutputs",
    "Probe",
    "Probes",
    "Quantity",
    "Real",
    "RoleClaims",
    "Root",
    "Row",
    "Rows",
    "ScheduleSlots",
    "Slot",
    "Slots",
    "Sort",
    "SortingClaims",
    "SortingSteps",
    "SpatialClaims",
    "StatedAnswer",
    "StatedAnswers",
    "StatedFacts",
    "Step",
    "Steps",
    "TableRows",
    "Term",
    "TermError",
    "TextLines",
    "ToolCall",
    "ToolCalls",
    "ToolCallsInText",
    "TrackingClaims",
    "TrackingSteps",
    "UnitClaims",
    "Value",
    "Variable",
    "equals",
    "parse_term",
    "subexpressions",
    "variables_of",
]

__getattr__, __dir__ = _lazily(__name__, _MODULES)
